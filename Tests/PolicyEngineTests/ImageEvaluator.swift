import CEventABI
import PolicyCompiler
import PolicyEngine
import PolicyModel

/// Judges events by the bytes of a generation's maps alone, as docs/policy-engine.md says that programs do.
struct ImageEvaluator {
    /// Class or row, or why there is none.
    enum Result {
        case number(UInt32)
        case absent
        case unreadable
        /// Of a process that runs two files, as SECD_POLICY_CLASS_PAIR says; nil = not readable.
        case pair(UInt32, UInt32?)
    }

    let image: GenerationImage
    let hash: KeyHash
    let keys: [[UInt64]: UInt32]
    let prefixes: [UInt32: [(bits: Int, bytes: [UInt8], result: UInt32)]]
    let workloads: WorkloadClasses.Plan

    init(_ image: GenerationImage, _ hash: KeyHash, _ workloads: WorkloadClasses.Plan) {
        self.image = image
        self.workloads = workloads
        self.hash = hash
        keys = Dictionary(
            uniqueKeysWithValues: image.keys.map { ([$0.key.hash.0, $0.key.hash.1], $0.result) })
        var prefixes: [UInt32: [(bits: Int, bytes: [UInt8], result: UInt32)]] = [:]
        for (prefix, result) in image.prefixes {
            let bytes = (0..<Int(SECD_POLICY_TRIE_MAX)).map { CArray.get(prefix.data, $0, as: UInt8.self) }
            prefixes[prefix.table, default: []].append((Int(prefix.bits) - 32, bytes, result))
        }
        self.prefixes = prefixes
    }

    // MARK: Sets of rules

    typealias Words = [UInt64]

    func words(_ row: UInt32, _ count: Int) -> Words {
        (0..<count).map { CArray.get(image.rows[Int(row)].words, $0) }
    }

    /// Rules that match, and those of them that are uncertain.
    struct Rules {
        var matching: Words
        var uncertain: Words
    }

    /// Rules of a hook for an event, when the call is made and when it returns.
    func judge(_ index: Int, _ columns: [Column], _ event: HookEvent) -> (entry: Rules, returning: Rules) {
        let hook = image.hooks[index].tables
        let count = Int(hook.words)
        var rules = Rules(
            matching: words(hook.all_row, count), uncertain: Words(repeating: 0, count: count))
        let entry = Int(hook.dimensions)
        for number in 0..<entry { judge(dimension(hook, number), hook, columns, event, &rules) }
        let first = rules
        for number in entry..<entry + Int(hook.return_dimensions) {
            judge(dimension(hook, number), hook, columns, event, &rules)
        }
        return (first, rules)
    }

    private func dimension(_ hook: secd_policy_hook, _ index: Int) -> secd_policy_dimension {
        CArray.get(hook.dimension, index)
    }

    private func judge(
        _ dimension: secd_policy_dimension, _ hook: secd_policy_hook, _ columns: [Column],
        _ event: HookEvent, _ rules: inout Rules
    ) {
        let count = rules.matching.count
        if Int32(dimension.input) >= SECD_POLICY_IN_COLUMN_BITS {
            judge(bits: dimension, columns, event, &rules)
            return
        }
        let row: UInt32
        switch result(dimension, hook, columns, event) {
        case .number(let number):
            row =
                dimension.index == UInt32(SECD_POLICY_NONE)
                ? number : image.indexes[Int(dimension.index + number)]
        case .absent: row = dimension.absent_row
        case .unreadable:
            row = dimension.unreadable_row
            let doubtful = words(dimension.constrained_row, count)
            for word in 0..<count { rules.uncertain[word] |= doubtful[word] }
        case .pair(let first, let second):
            judge(pair: dimension, first, second, &rules)
            return
        }
        let own = words(row, count)
        for word in 0..<count { rules.matching[word] &= own[word] }
    }

    // MARK: Class dimensions

    private func result(
        _ dimension: secd_policy_dimension, _ hook: secd_policy_hook, _ columns: [Column],
        _ event: HookEvent
    ) -> Result {
        switch Int32(dimension.input) {
        case SECD_POLICY_IN_PROCESS:
            let table: secd_policy_process_table = CArray.get(image.head.table, Int(dimension.slot))
            let fact: ProcessFact =
                switch Int32(table.fact) {
                case SECD_POLICY_FACT_BINARY: .binary
                case SECD_POLICY_FACT_PARENT_BINARY: .parentBinary
                default: .commandArgument(Int(table.argument))
                }
            return both(
                find(event.process.text(fact).map { .text($0) }, table.lookup),
                find(event.process.script(fact).map { .text($0) }, table.lookup))
        case SECD_POLICY_IN_WORKLOAD:
            return switch event.process.workload {
            case .present(let facts):
                workloads.sets.firstIndex(of: workloads.set(facts)).map { .number(UInt32($0)) } ?? .unreadable
            case .absent: .absent
            case .truncated, .unreadable: .unreadable
            }
        case SECD_POLICY_IN_FACT:
            return find(event.process.number(Self.fact(dimension.fact)).map { .number($0) }, dimension.lookup)
        default:
            let facet = Facet.allCases[Int(dimension.facet)]
            let column = columns[Int(dimension.column)]
            return find(event.value(column, facet), dimension.lookup)
        }
    }

    private static func fact(_ number: UInt8, onlyInitial: Bool = false) -> ProcessFact {
        switch Int32(number) {
        case SECD_POLICY_FACT_PID: .pid(inNamespace: false)
        case SECD_POLICY_FACT_PID_IN_NS: .pid(inNamespace: true)
        case SECD_POLICY_FACT_EFFECTIVE: .capabilities(.effective, onlyInitial: onlyInitial)
        case SECD_POLICY_FACT_INHERITABLE: .capabilities(.inheritable, onlyInitial: onlyInitial)
        case SECD_POLICY_FACT_PERMITTED: .capabilities(.permitted, onlyInitial: onlyInitial)
        case SECD_POLICY_FACT_NAMESPACES_CHANGED: .namespaceChanges
        case SECD_POLICY_FACT_EFFECTIVE_CHANGED: .capabilityChanges(.effective, onlyInitial: onlyInitial)
        case SECD_POLICY_FACT_INHERITABLE_CHANGED: .capabilityChanges(.inheritable, onlyInitial: onlyInitial)
        case SECD_POLICY_FACT_PERMITTED_CHANGED: .capabilityChanges(.permitted, onlyInitial: onlyInitial)
        default: .namespace(NamespaceKind.allCases[Int(number) - Int(SECD_POLICY_FACT_NAMESPACE)])
        }
    }

    private func find(_ value: Observed<FieldValue>, _ lookup: secd_policy_lookup) -> Result {
        switch (value, Int32(lookup.family)) {
        case (.absent, _): .absent
        case (.present(.number(let number)), SECD_POLICY_NUMBERS): .number(find(number, lookup))
        case (.present(.address(let bytes)), SECD_POLICY_NETWORKS): .number(find(network: bytes, lookup))
        case (.present(.text(let text)), SECD_POLICY_TEXT): .number(find(text, lookup, isWhole: true))
        case (.truncated(.text(let text)), SECD_POLICY_TEXT): .number(find(text, lookup, isWhole: false))
        case (.present(.text(let text)), SECD_POLICY_ENDINGS): .number(find(ending: text, lookup))
        case (.present(.text(let text)), SECD_POLICY_COMPONENTS): .number(find(path: text, lookup))
        default: .unreadable
        }
    }

    private func find(_ number: UInt64, _ lookup: secd_policy_lookup) -> UInt32 {
        let isSigned = lookup.flags & UInt8(SECD_POLICY_LOOKUP_SIGNED) != 0
        let key = isSigned ? number ^ 1 << 63 : number
        let starts = image.starts[Int(lookup.first)..<Int(lookup.first + lookup.count)]
        return starts.last { $0.start <= key }?.result ?? lookup.missing
    }

    private func lengths(_ lookup: secd_policy_lookup) -> [secd_policy_length] {
        (0..<Int(lookup.length_count)).map { CArray.get(lookup.lengths, $0) }
    }

    private func key(_ text: some Collection<UInt8>, _ table: UInt32) -> UInt32? {
        let key = KeyHash.key(hash.text(text), table: table, length: text.count)
        return keys[[key.hash.0, key.hash.1]]
    }

    private func find(_ text: [UInt8], _ lookup: secd_policy_lookup, isWhole: Bool) -> UInt32 {
        if isWhole, lookup.flags & UInt8(SECD_POLICY_LOOKUP_WHOLE) != 0, let found = key(text, lookup.table) {
            return found
        }
        for length in lengths(lookup) where Int(length.bytes) <= text.count {
            if let found = key(text.prefix(Int(length.bytes)), lookup.table + 1) { return found }
        }
        if lookup.flags & UInt8(SECD_POLICY_LOOKUP_TRIE) != 0,
            let found = longest(text, lookup.table + 1)
        {
            return found
        }
        return lookup.missing
    }

    private func find(ending text: [UInt8], _ lookup: secd_policy_lookup) -> UInt32 {
        for length in lengths(lookup) where Int(length.bytes) <= text.count {
            if let found = key(text.suffix(Int(length.bytes)), lookup.table + 2) { return found }
        }
        if lookup.flags & UInt8(SECD_POLICY_LOOKUP_TRIE) != 0,
            let found = longest(text.reversed(), lookup.table + 2)
        {
            return found
        }
        return lookup.missing
    }

    private func find(path text: [UInt8], _ lookup: secd_policy_lookup) -> UInt32 {
        let names = text.split(separator: UInt8(ascii: "/")).map { Array($0) }
        func find(_ names: [[UInt8]], _ table: UInt32) -> UInt32? {
            let key = KeyHash.key(hash.components(names), table: table, length: names.count)
            return keys[[key.hash.0, key.hash.1]]
        }
        if lookup.flags & UInt8(SECD_POLICY_LOOKUP_WHOLE) != 0, let found = find(names, lookup.table) {
            return found
        }
        for length in lengths(lookup) where names.count > Int(length.whole) {
            let next = names[Int(length.whole)]
            guard next.count >= Int(length.bytes) else { continue }
            let isCut = length.bytes > 0
            let rest = isCut ? [Array(next.prefix(Int(length.bytes)))] : []
            let beginning = Array(names.prefix(Int(length.whole))) + rest
            if let found = find(beginning, lookup.table + (isCut ? 3 : 1)) { return found }
        }
        return lookup.missing
    }

    private func find(network address: [UInt8], _ lookup: secd_policy_lookup) -> UInt32 {
        longest(address, address.count == 4 ? lookup.table : lookup.table + 1) ?? lookup.missing
    }

    private func longest(_ bytes: [UInt8], _ table: UInt32) -> UInt32? {
        func holds(_ prefix: [UInt8], _ bits: Int) -> Bool {
            guard bits <= bytes.count * 8 else { return false }
            for bit in 0..<bits {
                let difference: UInt8 = bytes[bit / 8] ^ prefix[bit / 8]
                if difference >> UInt8(7 - bit % 8) & 1 == 1 { return false }
            }
            return true
        }
        let found = (prefixes[table] ?? []).filter { holds($0.bytes, $0.bits) }
        return found.max { $0.bits < $1.bits }?.result
    }
}

extension ImageEvaluator {
    // MARK: Bit dimensions

    private func judge(
        bits dimension: secd_policy_dimension, _ columns: [Column], _ event: HookEvent, _ rules: inout Rules
    ) {
        let count = rules.matching.count
        let isComputed = Int32(dimension.input) >= SECD_POLICY_IN_TEXTS
        let (set, unknown) = isComputed ? ([], []) : bits(dimension, columns, event)
        let none = Words(repeating: 0, count: count)
        var (hit, open) = isComputed ? computed(dimension, columns, event, count) : (none, none)
        for bit in 0..<Int(dimension.index_count) {
            let row = image.indexes[Int(dimension.index) + bit]
            guard row != UInt32(SECD_POLICY_NONE) else { continue }
            let own = words(row, count)
            for word in 0..<count {
                if set.contains(bit) { hit[word] |= own[word] }
                if !set.contains(bit), unknown.contains(bit) { open[word] |= own[word] }
            }
        }
        let free = words(dimension.free_row, count)
        let positive = words(dimension.positive_row, count)
        let negative = words(dimension.negative_row, count)
        let hopeful = words(dimension.unknown_row, count)
        for word in 0..<count {
            open[word] &= ~hit[word]
            rules.matching[word] &=
                (positive[word] & hit[word]) | (negative[word] & ~hit[word] & ~open[word])
                | (hopeful[word] & open[word]) | free[word]
            rules.uncertain[word] |= open[word]
        }
    }

    private func bits(
        _ dimension: secd_policy_dimension, _ columns: [Column], _ event: HookEvent
    ) -> (set: Set<Int>, unknown: Set<Int>) {
        switch Int32(dimension.input) {
        case SECD_POLICY_IN_MARKS, SECD_POLICY_IN_MARKS_ABOVE:
            return marks(event.process, includesSelf: Int32(dimension.input) == SECD_POLICY_IN_MARKS)
        case SECD_POLICY_IN_FACT_BITS:
            let onlyInitial = dimension.fact_flags & UInt8(SECD_POLICY_FACT_INITIAL_ONLY) != 0
            return bits(event.process.number(Self.fact(dimension.fact, onlyInitial: onlyInitial)))
        case SECD_POLICY_IN_COLUMN_BITS: return bits(number(Int(dimension.column), columns, event))
        default:
            switch (
                number(Int(dimension.column), columns, event), number(Int(dimension.other), columns, event)
            ) {
            case (.present(let new), .present(let old)): return bits(.present(new & ~old))
            case (.absent, _), (_, .absent): return ([], [])
            default: return bits(.unreadable)
            }
        }
    }

    private func number(_ column: Int, _ columns: [Column], _ event: HookEvent) -> Observed<UInt64> {
        switch event.value(columns[column], .number) {
        case .present(.number(let number)): .present(number)
        case .absent: .absent
        default: .unreadable
        }
    }

    private func bits(_ value: Observed<UInt64>) -> (set: Set<Int>, unknown: Set<Int>) {
        switch value {
        case .present(let number): (Set((0..<64).filter { number >> UInt64($0) & 1 == 1 }), [])
        case .absent: ([], [])
        case .truncated, .unreadable: ([], Set(0..<64))
        }
    }

    /// What a process has from those above, and itself.
    private func marks(_ process: ProcessFacts, includesSelf: Bool) -> (set: Set<Int>, unknown: Set<Int>) {
        var set: Set<Int> = []
        var unknown: Set<Int> = process.ancestryIsComplete ? [] : Set(0..<64 * Int(SECD_POLICY_MARK_WORDS))
        func bits(_ row: UInt32) -> Set<Int> {
            let words = words(row, Int(SECD_POLICY_MARK_WORDS))
            return Set((0..<words.count * 64).filter { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 })
        }
        for identity in process.ancestors.reversed() + (includesSelf ? [process.identity] : []) {
            for index in 0..<Int(image.head.lineages) {
                let lineage: secd_policy_lineage = CArray.get(image.head.lineage, index)
                let values: [Observed<FieldValue>] =
                    switch Int32(lineage.fact) {
                    case SECD_POLICY_FACT_BINARY:
                        [identity.binary.map { .text($0) }, identity.script.map { .text($0) }]
                    case SECD_POLICY_FACT_PID: [.present(.number(UInt64(identity.pid)))]
                    default: [.present(.number(UInt64(identity.namespacePID)))]
                    }
                for value in values {
                    switch find(value, lineage.lookup) {
                    case .number(UInt32(SECD_POLICY_NONE)), .absent, .pair: continue
                    case .number(let row):
                        set.formUnion(bits(row))
                        unknown.subtract(bits(row))
                    case .unreadable: unknown.formUnion(bits(lineage.unreadable_row).subtracting(set))
                    }
                }
            }
        }
        return (set, unknown)
    }
}
