import Testing

@testable import EmbeddedCloud

@Suite struct `Grants on a table add up` {
    static let columns = ["fund_id", "nav", "as_of"]
    static let p = RowPredicate.like(column: "fund_id", pattern: "F%")
    static let q = RowPredicate.isNull(column: "nav")

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var grants: [SelectGrant]
        var columns: [ColumnAccess] = []
        var rows: RowPredicate?

        var testDescription: String { name }
    }

    @Test(arguments: [
        Row(
            name: "columns", grants: [.init(columns: .only(["nav"]))], columns: [.init(name: "nav")]
        ),
        Row(
            name: "all columns but one", grants: [.init(columns: .except(["nav"]))],
            columns: [.init(name: "fund_id"), .init(name: "as_of")]),
        Row(
            name: "case does not count", grants: [.init(columns: .only(["as_of"]))],
            columns: [.init(name: "as_of")]),
        Row(
            name: "a filter of all columns", grants: [.init(columns: .all, rows: p)],
            columns: [.init(name: "fund_id"), .init(name: "nav"), .init(name: "as_of")], rows: p),
        Row(
            name: "two filters of all columns",
            grants: [.init(columns: .all, rows: p), .init(columns: .all, rows: q)],
            columns: [.init(name: "fund_id"), .init(name: "nav"), .init(name: "as_of")],
            rows: .any([p, q])),
        Row(
            name: "the same rows twice",
            grants: [
                .init(columns: .only(["nav"]), rows: p), .init(columns: .only(["as_of"]), rows: p),
            ],
            columns: [.init(name: "nav"), .init(name: "as_of")], rows: p),
        Row(
            name: "columns in different rows",
            grants: [
                .init(columns: .only(["fund_id", "nav"]), rows: p),
                .init(columns: .only(["fund_id"]), rows: q),
            ],
            columns: [.init(name: "fund_id"), .init(name: "nav", visible: p)], rows: .any([p, q])),
        Row(
            name: "a column everywhere beside a filter",
            grants: [.init(columns: .only(["fund_id"])), .init(columns: .all, rows: p)],
            columns: [
                .init(name: "fund_id"), .init(name: "nav", visible: p),
                .init(name: "as_of", visible: p),
            ]),
        Row(
            name: "rows of no column show nothing",
            grants: [.init(columns: .only(["nav"]), rows: p), .init(columns: .only([]))],
            columns: [.init(name: "nav")], rows: p),
    ])
    func `column by column and row by row`(_ row: Row) {
        let access = TableAccess(adding: row.grants, columns: Self.columns)
        #expect(access == TableAccess(columns: row.columns, rows: row.rows))
    }

    @Test(arguments: [
        [], [SelectGrant(columns: .only([]))],
        [SelectGrant(columns: .only(["elsewhere"]), rows: p)],
        [SelectGrant(columns: .except(["fund_id", "nav", "as_of"]))],
    ])
    func `and give nothing where they show no column`(_ grants: [SelectGrant]) {
        #expect(TableAccess(adding: grants, columns: Self.columns) == nil)
    }

    /// The model: a cell is shown if one grant has its column and its row. Rows are the sets of
    /// filters that hold in them, so that four filters make sixteen kinds of rows.
    @Test(arguments: UInt64(1)...300)
    func `as if each cell were looked up in each grant`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let columns = (0..<5).map { "c\($0)" }
        let filters = (0..<4).map { RowPredicate.isNull(column: "f\($0)") }
        let grants = (0..<Int.random(in: 0...5, using: &random)).map { _ in
            let names = Set(columns.filter { _ in Bool.random(using: &random) })
            return SelectGrant(
                columns: Bool.random(using: &random) ? .only(names) : .except(names),
                rows: Int.random(in: 0...4, using: &random) == 0
                    ? nil : filters.randomElement(using: &random))
        }
        let access = TableAccess(adding: grants, columns: columns)
        for row in 0..<16 {
            let holds: Set<RowPredicate> = Set(
                filters.enumerated().filter { row & (1 << $0.offset) != 0 }.map(\.element))
            func shows(_ grant: SelectGrant) -> Bool { grant.rows.map(holds.contains) ?? true }
            for column in columns {
                let expected = grants.contains { $0.columns.contains(column) && shows($0) }
                let named = access?.columns.first { $0.name == column }
                let isThere = access.map { Self.holds($0.rows, holds) } ?? false
                let shown = isThere && named.map { Self.holds($0.visible, holds) } ?? false
                #expect(shown == expected, "\(column) in row \(row)")
            }
            let isExpected = grants.contains { grant in
                shows(grant) && columns.contains(where: grant.columns.contains)
            }
            #expect((access.map { Self.holds($0.rows, holds) } ?? false) == isExpected)
        }
        let named = columns.filter { column in grants.contains { $0.columns.contains(column) } }
        #expect((access?.columns ?? []).map(\.name) == named)
    }

    private static func holds(_ predicate: RowPredicate?, _ held: Set<RowPredicate>) -> Bool {
        switch predicate {
        case nil: true
        case .any(let predicates)?: predicates.contains { holds($0, held) }
        case let single?: held.contains(single)
        }
    }
}
