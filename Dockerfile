# Rostrum: one image for web processes and workers. compose.yaml shows how they work together.
# Debian 13 has Python 3.13, and the tools to copy PostgreSQL up to 17 (flask backup).

FROM debian:13-slim AS build
# No versions: a stable Debian brings only repairs, and the next build should have them.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/rostrum
COPY requirements.txt ./
RUN python3 -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY . .
RUN for catalogue in translations/*/LC_MESSAGES/messages.po; do \
        .venv/bin/pybabel --quiet compile -i "$catalogue" -o "${catalogue%.po}.mo" || exit 1; \
    done \
    && .venv/bin/python -m compileall -q -x '/\.venv/' .

FROM debian:13-slim
COPY scripts/system-packages.sh /tmp/
# The script only names what it could not install: said once more, nothing may be missing.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 postgresql-client \
    && sh /tmp/system-packages.sh run \
    && test -z "$(sh /tmp/system-packages.sh run)" \
    && rm -rf /var/lib/apt/lists/* /tmp/system-packages.sh \
    && groupadd --system --gid 10001 rostrum \
    && useradd --system --uid 10001 --gid rostrum --home-dir /var/lib/rostrum --shell /usr/sbin/nologin rostrum \
    && install -d -m 0700 -o rostrum -g rostrum /var/lib/rostrum
COPY --from=build /opt/rostrum /opt/rostrum
WORKDIR /opt/rostrum
ENV PATH=/opt/rostrum/.venv/bin:$PATH \
    FLASK_APP=app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    INSTANCE_PATH=/var/lib/rostrum \
    HOST=0.0.0.0 \
    PORT=8000 \
    DEMO=0
USER 10001:10001
VOLUME /var/lib/rostrum
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["flask", "serve"]
