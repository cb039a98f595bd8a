"""Writes a little MPNet with drawn weights and what `transformers` makes of two texts with it. See README.md."""

import json
import pathlib

import torch
from transformers import MPNetConfig, MPNetModel

FOLDER = pathlib.Path(__file__).parent
TEXTS = [[0, 5, 7, 9, 2], [0, *(3 + at * 7 % 15 for at in range(70)), 2]]


def main():
    torch.manual_seed(1)
    config = MPNetConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=80,
        relative_attention_num_buckets=32,
        initializer_range=0.4,
    )
    model = MPNetModel(config, add_pooling_layer=False).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    with torch.no_grad():
        rows = [model(input_ids=torch.tensor([text])).last_hidden_state[0] for text in TEXTS]
    config.architectures = None
    (FOLDER / "config.json").write_text(json.dumps(config.to_dict(), indent=1) + "\n")
    model.save_pretrained(FOLDER)
    means = [[round(float(value), 6) for value in row.mean(0)] for row in rows]
    (FOLDER / "golden.json").write_text(json.dumps({"texts": TEXTS, "means": means}) + "\n")


if __name__ == "__main__":
    main()
