"""What the alert road adds to the listener: incidents and the delivery log as JSON, as a stream and as pages.

Enters: the application that is being put together. Leaves: it, with more routes, and streams that end when it stops.
"""

from __future__ import annotations

from aiohttp import web

from aiops_daemon.edges.web.api.changes import Changes
from aiops_daemon.edges.web.api.events import Events
from aiops_daemon.edges.web.api.incidents import Incidents
from aiops_daemon.edges.web.api.notifications import Notifications
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.ui.incidents import IncidentPages


def add_alert_road(app: web.Application, ports: WebPorts) -> None:
    """Add routes and what ends them; before the application starts."""
    events = Events(ports)
    for part in (Incidents(ports), Notifications(ports), Changes(ports), events, IncidentPages(ports)):
        app.add_routes(part.routes())
    app.on_shutdown.append(events.stop)
