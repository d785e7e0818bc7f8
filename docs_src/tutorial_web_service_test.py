from fastapi.testclient import TestClient
from tutorial_web_service import api


def test_an_order_has_a_price() -> None:
    with TestClient(api) as client:  # the `with` opens the application, and closes it
        answer = client.post("/orders?item=lamp")
        assert (answer.status_code, answer.json()) == (200, {"price": 20})


def test_what_is_sold_out_is_not_found() -> None:
    with TestClient(api) as client:
        assert client.post("/orders?item=unicorn").status_code == 404


def test_a_reservation_is_put_back_if_there_is_no_price() -> None:
    with TestClient(api) as client:
        assert client.post("/orders?item=vase").status_code == 503
        assert client.post("/orders?item=vase").status_code == 503  # and not 404
