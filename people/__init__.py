"""People, organizations, identity and consent."""
