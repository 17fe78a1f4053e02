"""The services of docker-compose.yml on a real engine, against the stands on this machine."""
