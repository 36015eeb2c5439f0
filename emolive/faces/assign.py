"""Who belongs to whom: the assignment problem, small enough here to need no library for it."""

import numpy as np


def assign(costs: np.ndarray) -> list[tuple[int, int]]:
    """Pair rows with columns of `costs` (R, C) one to one, so that the sum is least: min(R, C) pairs (row, column).

    All costs must be finite. The shortest augmenting paths of R. Jonker and A. Volgenant, 1987, as written down for
    oblong matrices by D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on
    Aerospace and Electronic Systems 52(4), 2016.
    """
    rows, columns = costs.shape
    if rows > columns:
        return sorted((row, column) for column, row in assign(costs.T))
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    row_of, column_of = np.full(columns, -1), np.full(rows, -1)
    for start in range(rows):
        distance, came_from, done = np.full(columns, np.inf), np.full(columns, -1), np.zeros(columns, bool)
        visited, row, least = [start], start, 0.0
        while True:
            through = least + costs[row] - row_price[row] - column_price
            closer = ~done & (through < distance)
            distance[closer], came_from[closer] = through[closer], row
            column = int(np.where(done, np.inf, distance).argmin())
            least, done[column] = distance[column], True
            if row_of[column] < 0:
                break
            row = int(row_of[column])
            visited.append(row)
        row_price[start] += least
        for row in visited[1:]:
            row_price[row] += least - distance[column_of[row]]
        column_price[done] -= least - distance[done]
        while column >= 0:  # hand the columns along the path on, each to the row it was reached from
            row = int(came_from[column])
            row_of[column], column_of[row], column = row, column, int(column_of[row])
    return [(row, int(column)) for row, column in enumerate(column_of)]
