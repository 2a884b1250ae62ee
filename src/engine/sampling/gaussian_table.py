#!/usr/bin/env python3
"""Prints the cumulative table of sampling/small.cpp: floor(2^63 * P(|X| <= k)) for sigma = 3.2."""
from decimal import Decimal, getcontext

getcontext().prec = 80
sigma = Decimal(16) / 5
weights = [(-(Decimal(k) ** 2) / (2 * sigma * sigma)).exp() for k in range(200)]
total = weights[0] + 2 * sum(weights[1:])
cumulative = Decimal(0)
for k, weight in enumerate(weights):
    cumulative += (weight if k == 0 else 2 * weight) / total
    entry = int(cumulative * 2**63)
    if entry >= 2**63 - 1:
        break
    print(f"0x{entry:016x},")
