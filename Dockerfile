# docker build -t convscope .
# docker run --publish 8501:8501 --volume convscope:/data convscope
FROM python:3.11-slim

RUN useradd --uid 1000 --create-home convscope && mkdir /data && chown convscope /data
WORKDIR /app

# The packages before the code: a change of the code installs nothing again.
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt

COPY . .
RUN python -m compileall -q app.py pages cnn_core

USER convscope
ENV CONVSCOPE_HOME=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]

CMD ["python", "-m", "streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0", "--server.headless=true"]
