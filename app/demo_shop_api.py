"""The demo shop's own little backend: what any shop that embeds Baton has already."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import Field

from app.errors import Problem, Refused
from app.identity import Identity, InvalidIdentity
from app.schemas import Request, Shape
from app.widget_api import BatonHere
from app.wiring import Baton
from tools.adapters.demo_shop import DemoShop
from tools.order_model import Order

IDENTITY_VALID = timedelta(minutes=5)
ORDERS_SHOWN = 20
NOT_A_DEMO = Problem(status=404, code="not_found", detail="The demo shop is not loaded; start with `make run`.")

DEMO_PEOPLE = (
    ("noor@northpeak.example", "Noor Haddad", "walk-the-ridge"),
    ("sam@northpeak.example", "Sam Okafor", "light-the-stove"),
)
"""Console accounts of the demo: address, name, password. They exist in demo mode only."""

router = APIRouter(tags=["demo shop"])


class DemoSignIn(Request):
    key: str = Field(max_length=64)


class Art(Shape):
    hue: int
    motif: str


class ProductShape(Shape):
    sku: str
    name: str
    description: str
    price_minor: int
    currency: str
    category: str
    art: Art


class DemoCustomerShape(Shape):
    key: str
    display_name: str
    email: str


class ShopShape(Shape):
    name: str
    tagline: str
    products: list[ProductShape]
    customers: list[DemoCustomerShape]


class SignedIn(Shape):
    identity_token: str
    customer: DemoCustomerShape


class OrderedItem(Shape):
    name: str
    quantity: int
    price_minor: int


class OrderShape(Shape):
    number: str
    status: str
    placed_at: datetime
    items: list[OrderedItem]
    total_minor: int
    currency: str


class OrderList(Shape):
    orders: list[OrderShape]


class DemoMail(Shape):
    to: str
    subject: str
    text: str


class DemoMailList(Shape):
    """Newest first."""

    mails: list[DemoMail]


class DemoAccount(Shape):
    email: str
    display_name: str
    password: str


class DemoAccounts(Shape):
    accounts: list[DemoAccount]


def shop_of(baton: Baton) -> DemoShop:
    if baton.shop is None:
        raise Refused(NOT_A_DEMO)
    return baton.shop


@router.get("/demo/v1/shop")
async def shop(baton: BatonHere) -> ShopShape:
    demo = shop_of(baton)
    profile = await demo.profile()
    products = [
        ProductShape(
            sku=product.sku,
            name=product.name,
            description=product.description,
            price_minor=product.price.minor,
            currency=product.price.currency,
            category=product.category,
            art=Art(hue=product.hue, motif=product.motif),
        )
        for product in profile.products
    ]
    customers = [
        DemoCustomerShape(key=who.key, display_name=who.display_name, email=who.email)
        for who in await demo.customers_who_sign_in()
        if who.key is not None
    ]
    return ShopShape(name=profile.name, tagline=profile.tagline, products=products, customers=customers)


@router.post("/demo/v1/sign-in")
async def sign_in(body: DemoSignIn, baton: BatonHere) -> SignedIn:
    """Sign a demo customer in, as a shop's server would after checking their password."""
    who = await shop_of(baton).customer(body.key)
    if who is None or who.key is None:
        raise Refused(Problem(status=404, code="not_found", detail="There is no such demo customer."))
    identity = Identity(external_id=who.external_id, display_name=who.display_name, email=who.email)
    token = baton.tokens.sign_identity(identity, valid_for=IDENTITY_VALID)
    shape = DemoCustomerShape(key=who.key, display_name=who.display_name, email=who.email)
    return SignedIn(identity_token=token, customer=shape)


@router.get("/demo/v1/orders")
async def orders(baton: BatonHere, authorization: Annotated[str, Header()] = "") -> OrderList:
    demo = shop_of(baton)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidIdentity
    identity = baton.tokens.read_identity(token)
    found = await demo.recent_orders(identity.external_id, ORDERS_SHOWN)
    return OrderList(orders=[_order(order) for order in found])


@router.get("/demo/v1/mail")
async def mail(baton: BatonHere) -> DemoMailList:
    """What was mailed to the demo's customers: their mailboxes do not exist, and everybody may read them."""
    shop_of(baton)
    mails = baton.mailbox.mails if baton.mailbox else ()
    return DemoMailList(mails=[DemoMail(to=mail.to, subject=mail.subject, text=mail.text) for mail in reversed(mails)])


@router.get("/console/v1/demo-sign-in", tags=["console"])
async def demo_accounts(baton: BatonHere) -> DemoAccounts:
    shop_of(baton)
    return DemoAccounts(
        accounts=[DemoAccount(email=email, display_name=name, password=word) for email, name, word in DEMO_PEOPLE]
    )


async def add_demo_people(baton: Baton) -> None:
    """Make the demo's console accounts, unless they are there."""
    known = {human_agent.email for human_agent in await baton.people.human_agents()}
    for email, name, password in DEMO_PEOPLE:
        if email not in known:
            hashed = await baton.passwords.hash(password)
            await baton.people.add_human_agent(email, display_name=name, password_hash=hashed)


def _order(order: Order) -> OrderShape:
    items = [OrderedItem(name=item.name, quantity=item.quantity, price_minor=item.price.minor) for item in order.items]
    return OrderShape(
        number=order.number,
        status=order.state.value,
        placed_at=order.placed_at,
        items=items,
        total_minor=order.total.minor,
        currency=order.total.currency,
    )
