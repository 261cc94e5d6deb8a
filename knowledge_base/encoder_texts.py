"""Texts as help centers and customers write them, which an export is calibrated on and compared over."""

from __future__ import annotations

from typing import Final

CALIBRATION_TEXTS: Final = (
    "How do I reset my password?",
    "Refunds are paid back to the card that was used, within 5 to 7 working days.",
    "ok",
    "Shipping to Canada takes 4-6 days. " * 12,
    "¿Dónde está mi pedido? 注文はどこですか",
    "my order never arrived and tracking says delivered what now",
    "Change your plan\nOpen Settings, choose Billing and then Change plan. Upgrades apply at once and are charged pro "
    "rata; a downgrade takes effect at the end of the billing period. Only the owner can change the plan.",
    "Returns and refunds › Sale items\nYou can return an item within 30 days of delivery if it is unused and in its "
    "original packaging. Sale items can be exchanged but not refunded. Start a return under Orders › Return an item, "
    "print the label and bring the parcel to any post office.",
    "Error 403 when uploading a file\nThis error means that your session has expired or that a firewall blocks the "
    "request. 1. Sign out and sign in again. 2. Disable browser extensions. 3. Try another network. If it persists, "
    "send us the request ID from the response header X-Request-Id.",
    "```\ncurl -X POST https://api.example.com/v1/orders -H 'Authorization: Bearer TOKEN' "
    '-d \'{"sku": "A-100", "quantity": 2}\'\n```',
    "| Country | Delivery time | Price |\n| Germany | 2-3 days | €4.90 |\n| United States | 6-9 days | $12.00 |",
    "Which devices are supported? The app runs on Android 9 or later and iOS 15 or later. Tablets are supported in "
    "landscape mode only. Smart watches are not supported yet.",
    "The light on the board blinks red three times\nThe bootloader could not find a valid program. Hold the reset "
    "button for five seconds while plugging in the USB cable, then upload again. No port? Install the driver.",
    "Kann ich meine Bestellung noch ändern? Solange das Paket nicht verschickt wurde, können Sie Adresse und Menge "
    "unter Meine Bestellungen ändern.",
)

CHECK_PASSAGES: Final = (
    "x",
    "Invite a colleague\nEnter their address under Team › Members and choose a role. They get a link that works for 48 "
    "hours. A member who leaves keeps nothing: their open drafts pass to whoever invited them.",
    "Your lamp does not connect to the network\nThe lamp only speaks to networks at 2.4 GHz. Hold the switch until it "
    "blinks blue, open the app and tap Add device. Restart the router if the lamp is not found after two minutes.",
    "import lamp\n\nlamp.connect(token=TOKEN)\nlamp.on(colour='#ff8800', seconds=30)",
    "Plan: Basic; Seats: 3; Price: €9. Plan: Team; Seats: 25; Price: €79. Plan: Company; Seats: any; Price: ask us.",
    "Garantie et réparations\nLa garantie couvre deux ans les défauts de fabrication, mais pas l'usure ni la casse.",
    "The warranty does not cover water damage. " * 60,
)

CHECK_QUESTIONS: Final = (
    "can i still cancel order 20417?",
    "what does error E-17 mean",
    "Is there a student discount, and does it apply to the yearly plan as well?",
    "パスワードを忘れました",
)
