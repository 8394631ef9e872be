# The image of the GitHub Action, and of `docker run` (--target cli).
#
# It is flattened (the last stages copy one tree into an empty image), because what the base holds and a run never needs
# can only be left out that way. Targets: `action` (the default) and `cli`.
ARG BASE=docker.io/library/python:3.12-slim

# What is only needed to install: pip, the builders of wheels, strip.
FROM ${BASE} AS packages
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --require-hashes --only-binary :all: --requirement requirements-build.lock \
    && /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --require-hashes --wheel-dir /wheels --requirement requirements.lock
COPY . .
RUN /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/apo-ci \
    && /opt/build/bin/python -m pip --python /opt/apo-ci/bin/python install --no-deps --no-index --no-compile /wheels/*.whl \
    && python image/trim_packages.py /opt/apo-ci/lib/python3*/site-packages

# What runs: the base's system and Python with git and the packages, less what only people and installers need.
FROM ${BASE} AS system
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates git
COPY --from=packages /opt/apo-ci /opt/apo-ci
RUN --mount=type=bind,source=image,target=/image \
    /opt/apo-ci/bin/python /image/compile.py \
    && /opt/apo-ci/bin/python /image/trim_system.py \
    && /opt/apo-ci/bin/python -c "import apo_ci.pipeline.action, rouge_score.rouge_scorer" \
    && git --version

FROM scratch AS runtime
# hadolint ignore=DL3067
COPY --from=system / /
ENV PATH=/opt/apo-ci/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1

# For `docker run`: no privileges. Mount the repository at /work, and give --user when its files belong to another.
FROM runtime AS cli
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["apo-ci"]
CMD ["--help"]

# For GitHub, which asks of a Docker action that it runs as root: the workspace and the files for outputs belong to root.
# https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support#user
FROM runtime AS action
ENTRYPOINT ["apo-ci", "action"]
