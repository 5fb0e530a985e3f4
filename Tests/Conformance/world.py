"""A whole exchange at work: a lake, its provider, and a subscriber."""

from athena import Athena
from lake import DATABASE, Lake, Provider, link_database
from publication import Publisher


class World:
    """A lake of two days, governed, with a subscriber of all of nav_history, and nothing published."""

    account = "222222222222"
    funds = 3
    # The sample lake's, by the number of their rows.
    days_at_first = {"2024-01-08": funds, "2024-01-09": funds}

    def __init__(self, exchange, directory):
        self.exchange = exchange
        self.lake = Lake(directory).sample(
            "--funds", str(self.funds), "--days", str(len(self.days_at_first)))
        self.team = Provider(exchange.provider)
        self.team.link(self.lake)
        self.team.govern()
        self.team.describe("nav_history", "esg_insights")
        self.team.grant_table(self.account, "nav_history")
        self.team.grant_table(self.account, "esg_insights")
        self.subscriber = exchange.subscriber(self.account)
        link_database(self.subscriber)
        self.athena = Athena(self.subscriber)
        self.owner = Athena(exchange.provider, database=DATABASE)
        self.publisher = Publisher(exchange.provider)

    _question = "SELECT as_of, count(*) FROM nav_history GROUP BY 1 ORDER BY 1"

    @property
    def days(self):
        """What the subscriber sees: the days, and how many rows each has."""
        return {day: int(count) for day, count in self.athena.rows(self._question)}

    @property
    def owned_days(self):
        return {day: int(count) for day, count in self.owner.rows(self._question)}
