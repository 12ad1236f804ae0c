"""Running the server: `flask serve`. Gunicorn keeps web processes (`server`) and a worker process
beside them (`companion`). In each web process Waitress reads and writes for all clients
(`channel`), and threads compute (`threads`).

Only app.py knows this package. What waits for something says so with `core.waiting`.
"""
