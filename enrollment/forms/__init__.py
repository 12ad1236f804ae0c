"""Forms of applications, nominations and what follows from them."""
