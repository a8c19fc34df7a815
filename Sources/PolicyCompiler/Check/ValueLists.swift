internal import PolicyModel
internal import YAMLReader

/// The named lists of a policy. Owned by one check.
final class ValueLists {
    private let lists: [String: ListSpec]
    private let settings: CheckSettings
    private let problems: Problems

    init(_ specs: [ListSpec], _ settings: CheckSettings, _ problems: Problems) {
        self.settings = settings
        self.problems = problems
        var lists: [String: ListSpec] = [:]
        for (index, list) in specs.enumerated() {
            let path = "spec.lists[\(index)]"
            if let first = lists[list.name.value] {
                problems.error(
                    path + ".name", "a list \"\(list.name.value)\" exists already", at: list.name.place,
                    hint: "first at line \(first.name.place.line)")
            }
            lists[list.name.value] = list
            switch list.kind.value {
            case .plain, .syscalls:
                if list.values.isEmpty { problems.error(path, "has no values", at: list.place) }
                if let pattern = list.pattern {
                    problems.error(
                        path + ".pattern", "only generated_ftrace has a pattern", at: pattern.place)
                }
            case .generatedSyscalls, .generatedFtrace:
                if let value = list.values.first {
                    problems.error(
                        path + ".values",
                        "a \(list.kind.value.rawValue) list takes its values from the kernel",
                        at: value.place)
                }
                if list.kind.value == .generatedFtrace, list.pattern == nil {
                    problems.error(path, "\"pattern\" is missing", at: list.place)
                }
            }
            if list.kind.value == .syscalls {
                for (position, value) in list.values.enumerated()
                where Self.number(ofSyscall: value.value, settings.syscalls) == nil {
                    let bare = SyscallTable.bareName(value.value).name
                    problems.error(
                        "\(path).values[\(position)]", "there is no syscall \"\(value.value)\"",
                        at: value.place,
                        hint: Spelling.nearest(to: bare, among: settings.syscalls.names).map {
                            "did you mean \"sys_\($0)\"?"
                        } ?? "")
                }
            }
        }
        self.lists = lists
    }

    /// Values of one policy after lists and macros are put in their places. A few lines that name a long list
    /// again and again could stand for any number.
    static let valueLimit = 2_000_000
    private var spent = 0

    /// Whether so many more values may be used; reports where not.
    func spend(_ count: Int, _ path: String, at place: SourcePlace) -> Bool {
        let before = spent
        spent += count
        if spent <= Self.valueLimit { return true }
        if before <= Self.valueLimit {
            problems.error(
                path, "the policy has more than \(Self.valueLimit) values with lists and macros", at: place)
        }
        return false
    }

    /// The name behind `list:`, or nil.
    static func reference(_ text: String) -> String? {
        text.hasPrefix("list:") ? String(text.dropFirst(5)) : nil
    }

    /// A list; reports where there is none.
    func find(_ name: String, _ path: String, at place: SourcePlace) -> ListSpec? {
        if let list = lists[name] { return list }
        let names = lists.keys.sorted()
        problems.error(
            path, "there is no list \"\(name)\"", at: place,
            hint: names.isEmpty
                ? "spec.lists is empty"
                : Spelling.suggestion(for: name, among: names) ?? "lists: " + names.joined(separator: ", "))
        return nil
    }

    /// Values with lists put in their place; values of a list keep the place where they are written.
    func expand(_ values: [Located<String>], _ path: String) -> [Located<String>] {
        guard spend(values.count + 1, path, at: values.first?.place ?? .nowhere) else { return [] }
        return values.enumerated().flatMap { index, value -> [Located<String>] in
            guard let name = Self.reference(value.value) else { return [value] }
            let place = "\(path)[\(index)]"
            guard let list = find(name, place, at: value.place) else { return [] }
            guard spend(list.values.count, place, at: value.place) else { return [] }
            switch list.kind.value {
            case .plain, .syscalls: return list.values
            case .generatedSyscalls:
                return settings.syscalls.names.map { Located("sys_" + $0, at: value.place) }
            case .generatedFtrace:
                problems.error(place, "a list of functions has no values to compare with", at: value.place)
                return []
            }
        }
    }

    /// The number of a syscall as `syscall64` shows it: 32-bit entries carry a bit.
    func number(ofSyscall symbol: String) -> UInt64? { Self.number(ofSyscall: symbol, settings.syscalls) }

    private static func number(ofSyscall symbol: String, _ syscalls: SyscallTable) -> UInt64? {
        let (bare, isCompat) = SyscallTable.bareName(symbol)
        guard let name = syscalls.canonicalName(bare) else { return nil }
        if isCompat { return syscalls.compatNumbers[name].map { $0 | SyscallTable.compatBit } }
        return syscalls.numbers[name]
    }
}
