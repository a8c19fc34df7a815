import FilePrevention
import PolicyCompiler
import PolicyModel

/// What of an entry fanotify can do: which files it must be asked about, and what it does not tell.
struct FileCheck {
    /// Something that cannot be done, and where it stands.
    struct Fault {
        var place: SourcePlace
        var reason: String
    }

    private(set) var faults: [Fault] = []
    private(set) var blindSpots: [String] = []
    /// Those that selectors name.
    private(set) var files: [WantedFiles] = []

    private let hook: CheckedHook
    private let calls: FileCalls

    init(_ hook: CheckedHook, _ calls: FileCalls) {
        self.hook = hook
        self.calls = calls
        var isPartial = false
        for selector in hook.selectors {
            let events = self.events(selector)
            guard let named = selector.files(calls.file, hook.columns) else {
                if selector.isEnforcing {
                    fault(selector.place, FileCalls.condition + "; this selector names none")
                }
                isPartial = true
                continue
            }
            for path in named.paths {
                files.append(
                    WantedFiles(path: path, isPrefix: named.isPrefix, events: events))
            }
            check(selector)
        }
        if isPartial { blindSpots.append("files that no selector names are not seen") }
        if hook.selectors.isEmpty || files.isEmpty, faults.isEmpty {
            fault(hook.place, FileCalls.condition)
        }
        let errors = hook.selectors.flatMap(\.actions).compactMap { $0.error?.value.magnitude }
        if errors.contains(where: { $0 != 1 }) {
            blindSpots.append("calls fail with EPERM, whatever argError says")
        }
    }

    private mutating func fault(_ place: SourcePlace, _ reason: String) {
        faults.append(Fault(place: place, reason: reason))
    }

    /// Conditions on the argument that says how a file is accessed.
    private func access(_ selector: CheckedSelector) -> [Condition] {
        guard let position = calls.access else { return [] }
        return selector.conditions.filter { condition in
            guard case .column(let index, .number) = condition.subject else { return false }
            return hook.columns[index].source == .argument(position)
        }
    }

    private mutating func events(_ selector: CheckedSelector) -> FileEvents {
        let access = access(selector)
        guard calls.events == .content, !access.isEmpty else { return calls.events }
        for condition in access where !condition.holds(FileCalls.mayRead, hook.columns) {
            fault(
                condition.place,
                "\(condition.field): fanotify does not tell writes from reads: ask for reads (4), or leave "
                    + "the condition out for both")
        }
        let sentence = "reads are asked about; mappings, and writes, are not"
        if !blindSpots.contains(sentence) { blindSpots.append(sentence) }
        return .read
    }

    /// Conditions on what fanotify does not tell.
    private mutating func check(_ selector: CheckedSelector) {
        for condition in selector.conditions {
            switch condition.subject {
            case .column(let index, _):
                guard case .argument(let position) = hook.columns[index].source,
                    position != calls.file, position != calls.access
                else { continue }
                fault(condition.place, "\(condition.field): fanotify tells nothing of this argument")
            case .gained, .expression:
                fault(condition.place, "\(condition.field): fanotify tells nothing of these arguments")
            case .process(.commandArgument):
                fault(
                    condition.place,
                    "\(condition.field): arguments of a program that waits for fanotify cannot be read")
            case .process: continue
            }
        }
    }
}

extension Condition {
    /// Whether it holds for a number.
    fileprivate func holds(_ number: UInt64, _ columns: [Column]) -> Bool {
        guard case .column(let index, _) = subject else { return false }
        let order: NumberOrder = columns[index].type.integer?.isSigned == true ? .signed : .unsigned
        switch test {
        case .numbers(let ranges):
            let key = order.key(number)
            return ranges.contains { $0.low <= key && key <= $0.high } != isNegated
        case .anyBit(let mask): return (number & mask != 0) != isNegated
        default: return false
        }
    }
}
