# Two stages: one makes an environment from the lock file, the other carries that environment alone.
# BASE_IMAGE is any image whose python3 is 3.11 or later and has venv; both stages use it, so that the interpreter of
# the environment lies where it lay. Pin it by digest in builds of your own.
ARG BASE_IMAGE=python:3.12-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_CONSTRAINT=/src/requirements.lock
COPY requirements.lock pyproject.toml README.md LICENSE ./
# The package's first file alone is enough to install what it needs; a change of the source reuses this layer.
COPY aiops_daemon/__init__.py aiops_daemon/
RUN python3 -m venv /opt/aiops && /opt/aiops/bin/pip install ".[uvloop,postgres]"
COPY aiops_daemon aiops_daemon
RUN /opt/aiops/bin/pip wheel --no-deps --wheel-dir /tmp/wheel . \
    && /opt/aiops/bin/pip install --no-deps --force-reinstall /tmp/wheel/*.whl \
    && /opt/aiops/bin/pip uninstall --yes pip \
    && mkdir /data

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="aiops-daemon" \
      org.opencontainers.image.description="Learns what is normal in Prometheus, forecasts breaches, watches SLO burn, and says why" \
      org.opencontainers.image.source="https://github.com/aiops-daemon/aiops-daemon" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/aiops /opt/aiops
COPY --from=build --chown=65532:65532 /data /data
ENV PATH=/opt/aiops/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
# State lies under the working directory unless --storage.url says otherwise.
WORKDIR /data
VOLUME ["/data"]
EXPOSE 9641
STOPSIGNAL SIGTERM
ENTRYPOINT ["aiops-daemon"]
# Inside a container loopback would be reachable by nobody; say so again when you give arguments of your own.
CMD ["run", "--web.listen-address=0.0.0.0:9641"]
