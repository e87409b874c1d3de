"""A page as tests read it."""

from html.parser import HTMLParser

VOID = {"meta", "link", "rect", "path", "circle", "br", "img", "input"}


class Outline(HTMLParser):
    """Reads a page: balanced tags, ids, headings, text, tags with their attributes."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.ids, self.words = [], [], [], []
        self.feed(html)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    @property
    def links(self):
        """Return every address that the page links to."""
        return [attrs["href"] for tag, attrs in self.tags if tag == "a"]

    @property
    def forms(self):
        """Return where forms that change something are sent."""
        return [attrs["action"] for tag, attrs in self.tags if tag == "form" and attrs.get("method") == "post"]

    def named(self, name):
        """Return the attributes of the fields of this name."""
        return [attrs for _, attrs in self.tags if attrs.get("name") == name]
