"""Texts: many scripts, long cells, plain lines."""

from pathlib import Path

from datasets import Features, Value

from samples.generators.files import Generator, write_card, write_json_lines, write_parquet, write_text

# Characters that are invisible, combine or have no glyph in many fonts are written as escapes.
_SCRIPTS = [
    ("English", "Latin", "ltr", "The quick brown fox jumps over the lazy dog."),
    ("Vietnamese", "Latin", "ltr", "Tiếng Việt có nhiều dấu: ắ, ằ, ẳ, ẵ, ặ."),
    ("German", "Latin", "ltr", "Größe, Straße, STRAẞE, Übermut"),
    ("French, decomposed", "Latin", "ltr", "e\u0301te\u0301, nai\u0308ve, garc\u0327on"),
    ("Greek", "Greek", "ltr", "Η γρήγορη καφέ αλεπού πηδάει πάνω από το σκυλί."),
    ("Ukrainian", "Cyrillic", "ltr", "Чуєш їх, доцю? Обережно, ґанок!"),
    ("Armenian", "Armenian", "ltr", "Բարի լույս"),
    ("Georgian", "Georgian", "ltr", "დილა მშვიდობისა"),
    ("Hebrew", "Hebrew", "rtl", "שלום עולם, 123 שָׁלוֹם"),
    ("Arabic", "Arabic", "rtl", "السلام عليكم، كيف الحال؟ ١٢٣"),
    ("Persian, zero width non-joiner", "Arabic", "rtl", "می\u200cخواهم"),
    ("Mixed directions", "Latin and Hebrew", "ltr", "price: \u2067מאה שקלים\u2069 (100 ILS)"),
    ("Hindi", "Devanagari", "ltr", "नमस्ते दुनिया, क्षत्रिय, र्कि"),
    ("Tamil", "Tamil", "ltr", "வணக்கம் உலகம்"),
    ("Thai", "Thai", "ltr", "สวัสดีชาวโลก ที่นี่"),
    ("Amharic", "Ethiopic", "ltr", "ሰላም ለዓለም"),
    ("Chinese", "Han", "ltr", "你好,世界。繁體與简体"),
    ("Chinese, outside the basic plane", "Han", "ltr", "\U00020000 \U0002a6d6 \U0002070e"),
    ("Japanese", "Kana and Han", "ltr", "こんにちは、世界。ハンカク ハンカク"),
    ("Korean", "Hangul", "ltr", "안녕하세요, 세계"),
    ("Korean, decomposed", "Hangul", "ltr", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    ("Gothic", "Gothic", "ltr", "\U00010330\U00010331\U00010332"),
    ("Emoji", None, "ltr", "😀 🚀 ❤️ 🏳️‍🌈"),
    ("Emoji, joined: a family, an astronaut", None, "ltr", "👨\u200d👩\u200d👧\u200d👦 🧑🏽\u200d🚀"),
    ("Emoji, flags and keycaps", None, "ltr", "🇺🇦🇯🇵 1\ufe0f\u20e3"),
    ("Stacked combining marks", "Latin", "ltr", "Z\u0335\u0321\u0322\u035a\u0301a\u0316\u0317\u0300l\u0332\u0305go"),
    ("Mathematics", None, "ltr", "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, \U0001d54f ≠ \U0001d4e7"),
    ("Newlines and tabs", "Latin", "ltr", "first line\nsecond line\r\nthird\tline\u2028fourth"),
    ("Markup that must stay text", "Latin", "ltr", '<b onclick="x()">not bold</b> &amp; \\u0041 {{ 1 + 1 }}'),
    ("Controls", None, "ltr", "bell \u0007, escape \u001b[31m, byte order mark \ufeff, replacement \ufffd"),
    ("Empty", None, "ltr", ""),
]


def writing_systems(folder: Path) -> None:
    rows = [
        {"language": language, "script": script, "direction": direction, "text": text, "code_points": len(text)}
        for language, script, direction, text in _SCRIPTS
    ]
    sentence = "Text in many scripts: right to left, combining marks, joined emoji, 4-byte characters, newlines."
    write_card(folder, "Writing systems", sentence, language=["mul"])
    write_json_lines(folder / "texts.jsonl", rows)


def long_texts(folder: Path) -> None:
    features = Features({"chapter": Value("int32"), "title": Value("string"), "text": Value("string")})
    rows = [
        {
            "chapter": number,
            "title": f"Chapter {number}",
            "text": f"Chapter {number}. " + "The river went on, and the road went on beside it, ночь, 夜, 🌙. " * 250,
        }
        for number in range(1, 121)
    ]
    sentence = "120 rows of about 20 kB: a page is far over 1 MB, so rows and cells get truncated."
    write_card(folder, "Long texts", sentence)
    write_parquet(folder / "chapters.parquet", rows, features)


def night_train(folder: Path) -> None:
    text = """The night train leaves at half past ten,
with seven coaches and a dining car.
The guard counts tickets, then he counts again.
A child asks twice whether the sea is far.

The towns go by with all their windows dark,
a signal box, a river and a mill,
a dog that runs beside us through the park,
then only fields, and then the fields are still.

At four the kettle sings behind a door.
At five the window turns from black to grey.
At six, a line of silver, then the shore:
the child, asleep, has missed the break of day.
"""
    write_card(folder, "Night train", "A plain .txt file: one row a line.")
    write_text(folder / "night-train.txt", text)


DATASETS: dict[str, Generator] = {
    "samples/long-texts": long_texts,
    "samples/night-train": night_train,
    "samples/writing-systems": writing_systems,
}
