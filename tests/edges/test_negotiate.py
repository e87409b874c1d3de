"""Which format and coding a scrape gets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.edges.web.negotiate import wants_gzip, wants_openmetrics

OM = "application/openmetrics-text"
PROMETHEUS_3 = (
    f"{OM};version=1.0.0;escaping=allow-utf-8;q=0.6,{OM};version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("openmetrics", "accept"),
    [
        (False, ""),
        (False, "*/*"),
        (False, "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"),
        (True, OM),
        (True, f"{OM}; version=1.0.0"),
        (True, f'{OM}; version="1.0.0"'),
        (True, f"{OM.upper()};VERSION=1.0.0"),
        (False, f"{OM}; version=0.0.1"),
        (False, f"{OM}; version=2.0.0"),
        (True, f"{OM};version=1.0.0,{OM};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
        (True, PROMETHEUS_3),
        (False, f"{OM};q=0.1, text/plain;q=0.9"),
        (False, f"text/plain, {OM};q=0.9"),
        (True, f"{OM}, */*"),
        (False, f"{OM};q=0"),
        (False, f"{OM};q=0, */*"),
        (True, "application/*, text/*;q=0.5"),
        (False, "application/json"),
        (True, f"{OM};q=0.5, text/plain;q=0"),
        (False, f"{OM};q=high"),
        (False, f"{OM};q=nan"),
        (False, ",,;;=;q=,"),
    ],
)
def test_the_format_follows_accept(openmetrics, accept):
    """Quality first, then the more exact range, then text."""
    assert openmetrics == wants_openmetrics(accept)


@pytest.mark.parametrize(
    ("gzip", "accept_encoding"),
    [
        (False, ""),
        (True, "gzip"),
        (True, "gzip, deflate, br"),
        (True, "x-gzip"),
        (True, "*"),
        (False, "*;q=0"),
        (False, "gzip;q=0, *"),
        (False, "identity"),
        (False, "br"),
        (True, "identity;q=0.5, gzip"),
        (False, "identity, gzip;q=0.5"),
        (True, "GZIP;Q=0.3"),
    ],
)
def test_the_coding_follows_accept_encoding(gzip, accept_encoding):
    """Gzip only where it is welcome."""
    assert gzip == wants_gzip(accept_encoding)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80))
def test_no_header_raises(header):
    """Whatever a client sends is answered."""
    assert wants_openmetrics(header) in (True, False)
    assert wants_gzip(header) in (True, False)
