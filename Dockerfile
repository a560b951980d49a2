# splitdet for CPUs, headless:  docker build -t splitdet .
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/splitdet && \
    SPLITDET_OPENCV=headless /opt/splitdet/bin/pip install --no-cache-dir ".[openvino,av,web]"

FROM python:3.12-slim-bookworm
RUN useradd --uid 1000 --create-home splitdet && install -d -o splitdet /data
COPY --from=build /opt/splitdet /opt/splitdet
COPY docker/health.py /opt/splitdet/health.py
ENV PATH=/opt/splitdet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SPLITDET_CACHE=/data/cache
USER 1000
WORKDIR /data
HEALTHCHECK --start-period=2m CMD ["python", "/opt/splitdet/health.py"]
ENTRYPOINT ["splitdet"]
CMD ["--help"]
