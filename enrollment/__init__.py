"""Applications, nominations, places, selection, waiting lists."""
