# syntax=docker/dockerfile:1
#
# studyq in one container: server, workers and database file.
#
#   docker build -t studyq .
#   docker run --init -e STUDYQ_AUTH=none -p 127.0.0.1:8642:8642 -v studyq:/data studyq
#
# Inside, studyq listens on all addresses, which it refuses to do unless STUDYQ_AUTH=none says
# that everybody who can reach the port is welcome. So publish the port on 127.0.0.1, as above.
#
# Builds for amd64 and arm64: docker buildx build --platform linux/amd64,linux/arm64 .
# Every locked dependency has a wheel for both, so no compiler is needed; SQLite comes with
# pysqlite3 on amd64 and with cysqlite on arm64 (docs/decisions/0002).

ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
# Dependencies first: this layer is built again only when a lock file changes.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/studyq \
    && /opt/studyq/bin/pip install --require-hashes -r requirements.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY src src
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/studyq/bin/pip install --no-deps /wheels/*.whl

FROM build AS models
# --build-arg MODELS=none leaves the embedding model out: search then finds words only, until
# `studyq models install` is run in the container.
ARG MODELS=builtin
ENV STUDYQ_DATA=/tmp STUDYQ_MODELS=/opt/models
RUN mkdir /opt/models \
    && if [ "$MODELS" != none ]; then /opt/studyq/bin/studyq models install; fi

FROM python:${PYTHON_VERSION}-slim-bookworm
RUN groupadd --system --gid 10001 studyq \
    && useradd --system --uid 10001 --gid studyq --home-dir /data --no-create-home studyq
COPY --from=build /opt/studyq /opt/studyq
# Outside /data, so that a folder of the host mounted there does not hide the model.
COPY --from=models --chown=studyq:studyq /opt/models /opt/models
RUN install -d -o studyq -g studyq /data
ENV PATH=/opt/studyq/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STUDYQ_DATA=/data \
    STUDYQ_MODELS=/opt/models \
    STUDYQ_HOST=0.0.0.0 \
    STUDYQ_OPEN_BROWSER=no \
    STUDYQ_LOG_FORMAT=json
# By number, so that Kubernetes can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8642
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["studyq", "health"]
ENTRYPOINT ["studyq"]
CMD ["serve"]
