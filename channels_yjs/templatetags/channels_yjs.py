from typing import Any

from django import template

from ..modules import page_modules

register = template.Library()
register.simple_tag(page_modules)

NONCES = ["csp_nonce", "CSP_NONCE"]  # of Django 6, and of django-csp


@register.simple_tag(takes_context=True)
def page_nonce(context: dict[str, Any]) -> str:
    """Of the Content-Security-Policy, or empty. Either is made when it is written down, and is false until then."""
    return next((str(context[name]) for name in NONCES if context.get(name) is not None), "")
