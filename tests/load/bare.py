"""The baseline: the least a Flask application can do for the same pages, on the same server, in the
same run.

A catalogue of 200 rows from SQLite through Jinja, and an enrollment of six requests that ends in
one insert. No sessions, rules, audit, mail, languages or checks: what is above it is what Rostrum
adds.
"""

from __future__ import annotations

import os
import sqlite3
from typing import Any

from flask import Flask, redirect, render_template_string, request

from core.serving.server import Server
from core.settings import read_settings

WORKERS = 2

PAGE = """<!doctype html><html lang="en"><title>Bare</title><h1>Deliveries</h1><ul>
{% for row in rows %}<li><a href="/deliveries/{{ row[0] }}">{{ row[1] }}</a> {{ row[2] }} {{ row[3] }}</li>{% endfor %}</ul></html>"""
FORM = """<!doctype html><html lang="en"><title>Bare</title><h1>Step {{ step }}</h1><form method="post">
{% for name, value in values.items() %}<input type="hidden" name="{{ name }}" value="{{ value }}">{% endfor %}
<label>Field <input name="field{{ step }}"></label><button>Continue</button></form></html>"""


def connect() -> sqlite3.Connection:
    connection = sqlite3.connect(os.environ["BARE_DATABASE"], timeout=15, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def create_app() -> Flask:
    app = Flask(__name__)
    connection = connect()
    connection.execute(
        "CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY, title TEXT, starts TEXT, "
        "venue TEXT)"
    )
    connection.execute("CREATE TABLE IF NOT EXISTS enrollment (id INTEGER PRIMARY KEY, body TEXT)")
    if not connection.execute("SELECT count(*) FROM delivery").fetchone()[0]:
        rows = [
            (f"Course number {n}", f"2027-{n % 12 + 1:02d}-08", f"Venue {n}") for n in range(200)
        ]
        connection.executemany("INSERT INTO delivery (title, starts, venue) VALUES (?, ?, ?)", rows)
    connection.close()

    @app.get("/")
    def catalogue() -> str:
        with connect() as database:
            return render_template_string(
                PAGE,
                rows=database.execute("SELECT id, title, starts, venue FROM delivery").fetchall(),
            )

    @app.get("/deliveries/<int:number>")
    def delivery(number: int) -> str:
        with connect() as database:
            return render_template_string(
                PAGE,
                rows=database.execute("SELECT * FROM delivery WHERE id = ?", (number,)).fetchall(),
            )

    @app.route("/apply/<int:step>", methods=["GET", "POST"])
    def apply(step: int) -> Any:
        if request.method == "POST" and step == 3:
            with connect() as database:
                database.execute(
                    "INSERT INTO enrollment (body) VALUES (?)", (repr(request.form.to_dict()),)
                )
            return redirect("/sent", 303)
        return render_template_string(FORM, step=step, values=request.form)

    @app.get("/sent")
    def sent() -> str:
        return render_template_string(PAGE, rows=[])

    return app


if (
    __name__ == "__main__"
):  # on the product's own server: `python -m tests.load.bare`, with its settings
    Server(create_app(), read_settings(), WORKERS, with_worker=False).run()
