import AWSAPI

/// What of a statement and of a row filter a manifest can be asked, so that files without a wanted row are not
/// even listed.
extension GovernedScan {
    /// True of every row that is wanted.
    ///
    /// Where rows or cells are hidden, what is read is paid for, and may tell: then the statement's own
    /// comparisons count on partition columns alone, as the bytes scanned do.
    var prunePredicates: [PrunePredicate] {
        let byColumn = Dictionary(
            columns.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let own = predicates.compactMap { predicate in
            byColumn[predicate.column].flatMap { column in
                hidesNothing || column.isPartition ? predicate.pruning(column) : nil
            }
        }
        return own + (access.rows?.pruning { byColumn[$0.lowercased()] } ?? [])
    }

    var hidesNothing: Bool {
        access.rows == nil && access.columns.allSatisfy { $0.visible == nil }
    }
}

extension GovernedScan.Column {
    /// How a manifest compares its values. Nil: not at all.
    var pruneKind: PruneKind? {
        switch type {
        case "VARCHAR": .text
        case "TINYINT", "SMALLINT", "INTEGER", "BIGINT": .integer
        case "DATE": .date
        case "TIMESTAMP": .timestamp
        default: nil
        }
    }

    fileprivate func pruning(_ test: PrunePredicate.Test) -> PrunePredicate? {
        pruneKind.map {
            PrunePredicate(column: name, place: isPartition ? .path : .file, kind: $0, test: test)
        }
    }
}

extension LeakproofPredicate {
    fileprivate func pruning(_ column: GovernedScan.Column) -> PrunePredicate? {
        func text(_ constant: Constant) -> String? {
            guard constant.literal(as: column.type) != nil else { return nil }
            return switch constant {
            case .text(let text), .cast(let text, to: _), .integer(let text): text
            case .boolean: nil
            }
        }
        switch test {
        case .compare(let comparison, let constant):
            return text(constant).flatMap { comparison.pruning($0) }.flatMap(column.pruning)
        case .between(let low, let high):
            guard let low = text(low), let high = text(high) else { return nil }
            return column.pruning(.range(low: low, high: high))
        case .among(let constants):
            let texts = constants.compactMap(text)
            return texts.count == constants.count ? column.pruning(.among(texts)) : nil
        case .isNull, .isNotNull: return nil
        }
    }
}

extension RowPredicate.Comparison {
    fileprivate func pruning(_ constant: String) -> PrunePredicate.Test? {
        switch self {
        case .equal: .among([constant])
        case .notEqual: nil
        case .less, .lessOrEqual: .range(low: nil, high: constant)
        case .greater, .greaterOrEqual: .range(low: constant, high: nil)
        }
    }
}

extension RowPredicate {
    /// What holds wherever this one does, each of a single column.
    fileprivate func pruning(_ column: (String) -> GovernedScan.Column?) -> [PrunePredicate] {
        switch self {
        case .compare(let name, let comparison, let literal):
            return [comparison.pruning(literal.text).flatMap { column(name)?.pruning($0) }]
                .compactMap(\.self)
        case .among(let name, let literals):
            return [column(name)?.pruning(.among(literals.map(\.text)))].compactMap(\.self)
        case .between(let name, let low, let high):
            return [column(name)?.pruning(.range(low: low.text, high: high.text))]
                .compactMap(\.self)
        case .all(let predicates): return predicates.flatMap { $0.pruning(column) }
        case .any(let predicates):
            // Several filters that each name some values of the same column name them all together.
            let each = predicates.map { $0.pruning(column) }
            guard let first = each.first?.first, each.allSatisfy({ $0.count == 1 }) else {
                return []
            }
            var constants: [String] = []
            for predicate in each.map({ $0[0] }) {
                guard predicate.column == first.column, case .among(let some) = predicate.test
                else {
                    return []
                }
                constants += some
            }
            return [column(first.column)?.pruning(.among(constants))].compactMap(\.self)
        case .like, .isNull, .not: return []
        }
    }
}
