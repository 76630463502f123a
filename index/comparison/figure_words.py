# SPDX-License-Identifier: EUPL-1.2
"""Words of Dutch and English that say what a figure is: months, currencies, units. Only the table."""

from __future__ import annotations

MONTHS = (
    "januari|january|jan", "februari|february|feb", "maart|march|mrt|mar", "april|apr", "mei|may",
    "juni|june|jun", "juli|july|jul", "augustus|august|aug", "september|sept|sep", "oktober|october|okt|oct",
    "november|nov", "december|dec",
)  # fmt: skip
"""In their order."""

CURRENCIES = {
    "EUR": "€|eur|euro|euros|euro's", "USD": r"\$|us\$|usd|dollar|dollars", "GBP": "£|gbp|pound|pounds|pond",
    "CHF": "chf|frank|franc|francs", "JPY": "¥|jpy|yen", "SEK": "sek", "NOK": "nok", "DKK": "dkk",
    "PLN": "zł|pln", "TRY": "₺", "INR": "₹", "UAH": "₴", "CENT": "cent|cents|eurocent|¢",
}  # fmt: skip
"""By the code of ISO 4217."""

UNITS = {
    "second": "seconden|seconde|seconds|second|sec", "minute": "minuten|minuut|minutes|minute|min",
    "hour": "uren|uur|hours|hour", "working day": "werkdagen|werkdag|working days|working day",
    "day": "dagen|dag|kalenderdagen|days|day|calendar days", "week": "weken|week|weeks",
    "month": "maanden|maand|months|month", "quarter": "kwartalen|kwartaal|quarters|quarter",
    "year": "jaren|jaar|years|year", "km": "km|kilometer|kilometers|kilometre|kilometres",
    "m": "m|meter|meters|metre|metres", "cm": "cm", "mm": "mm", "m2": "m²|m2|vierkante meter|square metres",
    "m3": "m³|m3|kubieke meter", "ha": "ha|hectare|hectares", "kg": "kg|kilo|kilogram", "g": "g|gram",
    "ton": "ton|tonnes", "l": "liter|litre|litres", "kWh": "kwh", "MW": "mw", "kW": "kw", "kB": "kb",
    "MB": "mb", "GB": "gb", "degree": "°c|graden|degrees", "km/h": "km/u|km/h",
    "person": "personen|persoon|mensen|people|persons|person",
    "application": "aanvragen|aanvraag|applications", "point": "punten|punt|points",
}  # fmt: skip

TIMES = {
    "thousand": "duizend|thousand",
    "million": "miljoen|million|mln",
    "billion": "miljard|billion|mld",
}
