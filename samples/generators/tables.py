"""Tables: CSV, JSON lines, sharded Parquet, several configs."""

import datetime
import random
from pathlib import Path
from typing import Any

from datasets import ClassLabel, Features, Value

from samples.generators.files import Generator, write_card, write_csv, write_json_lines, write_parquet


def bakery_sales(folder: Path) -> None:
    draw = random.Random("bakery-sales")
    prices = {"Baguette": 1.4, "Rye bread": 3.9, "Croissant, plain": 1.6, 'Tart "Grand-mère"': 4.5, "Brioche": 2.8}
    notes = ["", "", "", "sold out by noon", "rain, few customers", 'asked for "less sugar"', "market day;\nlong queue"]
    rows: list[dict[str, Any]] = []
    for day in range(18):
        for product, price in prices.items():
            sold = draw.randrange(5, 60)
            rows.append(
                {
                    "date": (datetime.date(2024, 3, 1) + datetime.timedelta(days=day)).isoformat(),
                    "product": product,
                    "sold": sold,
                    "returned": draw.randrange(0, 4) if draw.random() < 0.8 else None,
                    "revenue": f"{sold * price:.2f}",
                    "holiday": day == 8,
                    "note": draw.choice(notes),
                }
            )
    write_card(folder, "Bakery sales", "A small CSV file with quoted fields, newlines in a field and missing values.")
    write_csv(folder / "sales.csv", rows)


def weather_stations(folder: Path) -> None:
    draw = random.Random("weather-stations")
    stations = ["Harbour", "Old town", "Airport", "Vineyard", "Summit"]
    rows: list[dict[str, Any]] = []
    for hour in range(50):
        for height, station in enumerate(stations):
            celsius = 14 - 4 * abs(hour % 24 - 14) / 6 - 1.5 * height + 2 * draw.random()
            rows.append(
                {
                    "reading": len(rows),
                    "time": f"2024-05-{1 + hour // 24:02d} {hour % 24:02d}:00:00",
                    "station": station,
                    "celsius": f"{celsius:.1f}",
                    "humidity": draw.randrange(40, 100),
                    "rain_mm": f"{max(0.0, 6 * draw.random() - 4):.1f}",
                }
            )
    write_card(folder, "Weather stations", "A CSV file of 250 rows: more than a page, so that the preview is partial.")
    write_csv(folder / "readings.csv", rows)


def _ticket(draw: random.Random, number: int) -> dict[str, Any]:
    ticket: dict[str, Any] = {
        "id": f"T-{number:04d}",
        "customer": {
            "name": draw.choice(["Ada", "Björn", "Chiara", "Dewi", "Émile"]),
            "address": {"city": draw.choice(["Lyon", "Gent", "Kraków"]), "zip": f"{draw.randrange(10000, 99999)}"},
            "vip": draw.random() < 0.2,
        },
        "tags": [tag for tag in ("billing", "delivery", "login", "refund") if draw.random() < 0.4],
        "messages": [
            {
                "from": "customer" if turn % 2 == 0 else "agent",
                "text": draw.choice(
                    ["Where is my parcel?", "We are looking into it.", "Thank you!", "It came broken."]
                ),
                "attachments": [f"photo-{turn}.jpg"] if draw.random() < 0.3 else [],
            }
            for turn in range(draw.randrange(0, 4))
        ],
        "scores": [[draw.randrange(10) for _ in range(draw.randrange(0, 3))] for _ in range(2)],
        "closed": draw.random() < 0.5,
    }
    if number % 3:
        ticket["rating"] = draw.randrange(1, 6)
    if number % 5 == 0:
        ticket["customer"] = None
    if number % 7 == 0:
        ticket["customer"] = {"name": "Fatima", "address": None, "vip": None}
        ticket["tags"] = None
    return ticket


def support_tickets(folder: Path) -> None:
    draw = random.Random("support-tickets")
    tickets = [_ticket(draw, number) for number in range(1, 51)]
    write_card(
        folder,
        "Support tickets",
        "JSON lines with nested objects, lists of objects, and keys that are missing or null.",
    )
    write_json_lines(folder / "train.jsonl", tickets[:40])
    write_json_lines(folder / "test.jsonl", tickets[40:])


def reviews_sharded(folder: Path) -> None:
    draw = random.Random("reviews-sharded")
    opinions = {
        0: ["stopped working after a week", "smaller than in the picture", "I sent it back"],
        1: ["does what it should", "as described, nothing more", "good enough for the price"],
        2: ["I bought a second one", "my best find this year", "quiet, light and well made"],
    }
    features = Features(
        {
            "review_id": Value("int32"),
            "product": Value("string"),
            "text": Value("string"),
            "sentiment": ClassLabel(names=["negative", "neutral", "positive"]),
            "helpful": Value("float32"),
        }
    )
    rows: list[dict[str, Any]] = []
    for number in range(210):
        sentiment = draw.randrange(3)
        product = draw.choice(["kettle", "desk lamp", "backpack", "bicycle bell"])
        text = f"The {product}: {draw.choice(opinions[sentiment])}."
        helpful = draw.randrange(0, 101) / 100
        rows.append({"review_id": number, "product": product, "text": text, "sentiment": sentiment, "helpful": helpful})
    num_bytes = 0
    for shard in range(3):
        path = folder / "data" / f"train-{shard:05d}-of-00003.parquet"
        num_bytes += write_parquet(path, rows[shard * 60 : (shard + 1) * 60], features)
    test_num_bytes = write_parquet(folder / "data" / "test-00000-of-00001.parquet", rows[180:], features)
    write_card(
        folder,
        "Sharded reviews",
        "Parquet in shards, train and test, with class labels, and the numbers of rows and bytes declared in the card.",
        dataset_info={
            "features": features._to_yaml_list(),
            "splits": [
                {"name": "train", "num_bytes": num_bytes, "num_examples": 180},
                {"name": "test", "num_bytes": test_num_bytes, "num_examples": 30},
            ],
        },
    )


def phrasebook(folder: Path) -> None:
    phrases = {
        "de": [
            "Guten Morgen.",
            "Wo ist der Bahnhof?",
            "Ich hätte gern einen Kaffee.",
            "Wie viel kostet das?",
            "Danke!",
        ],
        "fr": ["Bonjour.", "Où est la gare ?", "Je voudrais un café.", "Combien ça coûte ?", "Merci !"],
        "pl": ["Dzień dobry.", "Gdzie jest dworzec?", "Poproszę kawę.", "Ile to kosztuje?", "Dziękuję!"],
    }
    english = ["Good morning.", "Where is the station?", "I would like a coffee.", "How much is it?", "Thank you!"]
    for language, translations in phrases.items():
        pairs = [{"en": en, language: other} for en, other in zip(english, translations, strict=True)]
        write_csv(folder / f"en-{language}" / "known.csv", pairs[:3])
        write_csv(folder / f"en-{language}" / "unseen.csv", pairs[3:])
    write_card(
        folder,
        "Phrasebook",
        "Three configs, declared in this card with splits and files of their own; en-fr is the default.",
        configs=[
            {
                "config_name": "en-de",
                "data_files": [
                    {"split": "train", "path": "en-de/known.csv"},
                    {"split": "validation", "path": "en-de/unseen.csv"},
                ],
            },
            {"config_name": "en-fr", "data_files": "en-fr/*.csv", "default": True},
            {
                "config_name": "en-pl",
                "data_files": [
                    {"split": "known", "path": ["en-pl/known.csv"]},
                    {"split": "unseen", "path": ["en-pl/unseen.csv"]},
                ],
            },
        ],
    )


DATASETS: dict[str, Generator] = {
    "samples/bakery-sales": bakery_sales,
    "samples/phrasebook": phrasebook,
    "samples/reviews-sharded": reviews_sharded,
    "samples/support-tickets": support_tickets,
    "samples/weather-stations": weather_stations,
}
