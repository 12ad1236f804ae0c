"""What may change an enrollment, a module per use case."""
