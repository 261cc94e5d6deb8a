"""Customers who are played, without a model: a persona with a goal and a way of writing answers what Baton says.

In: what the page would show after a turn (`Seen`). Out: the customer's next step, or how the conversation ended. The
same goal, persona, style and seed always act alike on the same replies. Nothing here knows how Baton decides: only what
stands in its replies, on its cards and in the shop's state that a customer could see.
"""

from evals.simulated.customer import Customer, Left, Seen, customer_for
from evals.simulated.goals import goals
from evals.simulated.personas import PERSONAS
from evals.simulated.styles import STYLES

__all__ = ["PERSONAS", "STYLES", "Customer", "Left", "Seen", "customer_for", "goals"]
