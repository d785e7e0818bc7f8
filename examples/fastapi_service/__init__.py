"""A shop on FastAPI, SQLite and a payment service, and a load test whose clients hang up.

From the folder `examples`: `python -m fastapi_service.load_test --seconds 20`.
"""
