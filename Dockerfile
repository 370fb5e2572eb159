# The dashboard, for a build in this folder: docker build -t breakeven .
FROM python:3.11-slim AS build
WORKDIR /source
COPY requirements.txt ./
RUN python -m venv /opt/breakeven \
    && /opt/breakeven/bin/pip install --no-cache-dir -r requirements.txt
COPY pyproject.toml README.md LICENSE THIRD_PARTY_NOTICES.md app.py ./
COPY data ./data
COPY lib ./lib
COPY pages ./pages
RUN /opt/breakeven/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home breakeven
COPY --from=build /opt/breakeven /opt/breakeven
ENV PATH=/opt/breakeven/bin:$PATH \
    BREAKEVEN_CACHE=/home/breakeven/tables \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/breakeven
# Built into the image, so that a container answers as soon as it has started, also where it may not write.
RUN python -c "from breakeven.tables.build import open_memory; open_memory().close()"
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://localhost:8501/health', timeout=8)"]
ENTRYPOINT ["breakeven", "serve", "--headless", "--address=0.0.0.0", "--log=json"]
