"""One canary through every text field of every entry point, looked for unescaped in everything
that comes out."""
