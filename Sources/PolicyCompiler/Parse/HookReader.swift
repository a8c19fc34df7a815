internal import PolicyModel
internal import YAMLReader

/// Entries of hook sections.
enum HookReader {
    /// Keys that every section knows.
    private static let common = ["args", "selectors", "message", "tags"]

    private static func keys(of section: HookSpec.Section) -> [String] {
        switch section {
        case .kprobes, .fentries:
            common + ["call", "syscall", "return", "returnArg", "returnArgAction", "data", "ignore"]
        case .tracepoints: common + ["subsystem", "event", "raw"]
        case .lsmhooks: common + ["hook"]
        case .uprobes:
            common + [
                "path", "symbols", "offsets", "addrs", "refCtrOffsets", "return", "returnArg", "data",
                "ignore",
                "btfPath", "binaryDigests",
            ]
        case .usdts: common + ["path", "provider", "name", "btfPath"]
        case .loader: []
        }
    }

    static func read(_ cursor: NodeCursor, section: HookSpec.Section, index: Int) -> HookSpec? {
        cursor.rejectUnknownKeys(known: keys(of: section))
        guard let target = target(cursor, section) else { return nil }
        var hook = HookSpec(section: section, index: index, place: cursor.place, target: target)
        hook.returns = cursor.locatedFlag("return") ?? Located(false, at: cursor.place)
        hook.returnArgument = cursor.optional("returnArg").map { ArgumentReader.read($0, .returnValue) }
        if let action = cursor.optional("returnArgAction") { hook.returnAction = ActionReader.kind(action) }
        hook.arguments = cursor.optional("args")?.each().map { ArgumentReader.read($0, .argument) } ?? []
        hook.data = cursor.optional("data")?.each().map { ArgumentReader.read($0, .data) } ?? []
        hook.selectors = cursor.optional("selectors")?.each().map(SelectorReader.read) ?? []
        hook.message = message(cursor)
        hook.tags = tags(cursor)
        readIgnore(cursor, section, into: &hook)
        return hook
    }

    private static func target(_ cursor: NodeCursor, _ section: HookSpec.Section) -> HookTarget? {
        switch section {
        case .kprobes, .fentries:
            guard let call = cursor.requiredText("call") else { return nil }
            return .function(call: call, isSyscall: cursor.flag("syscall", default: true))
        case .tracepoints:
            let subsystem = cursor.requiredText("subsystem")
            let event = cursor.requiredText("event")
            guard let subsystem, let event else { return nil }
            return .tracepoint(subsystem: subsystem, event: event, isRaw: cursor.flag("raw"))
        case .lsmhooks:
            return cursor.requiredText("hook").map { .lsm(hook: $0) }
        case .uprobes:
            guard let path = cursor.requiredText("path") else { return nil }
            var target = UprobeTarget(path: path)
            target.symbols = cursor.texts("symbols")
            target.offsets = cursor.optional("offsets")?.each().compactMap { $0.unsigned() } ?? []
            target.addresses = cursor.optional("addrs")?.each().compactMap { $0.unsigned() } ?? []
            target.refCtrOffsets = cursor.optional("refCtrOffsets")?.each().compactMap { $0.unsigned() } ?? []
            target.btfPath = cursor.text("btfPath")
            target.digests = cursor.texts("binaryDigests")
            return .uprobe(target)
        case .usdts:
            let path = cursor.requiredText("path")
            let provider = cursor.requiredText("provider")
            let name = cursor.requiredText("name")
            guard let path, let provider, let name else { return nil }
            var target = UsdtTarget(path: path, provider: provider, name: name)
            target.btfPath = cursor.text("btfPath")
            return .usdt(target)
        case .loader: return nil
        }
    }

    /// Bytes of `message` that events show.
    static let messageLimit = 256

    private static func message(_ cursor: NodeCursor) -> Located<String>? {
        guard let child = cursor.optional("message"), var text = child.locatedString() else { return nil }
        if text.value.utf8.count > messageLimit {
            child.report(
                "has \(text.value.utf8.count) bytes; events show the first \(messageLimit)",
                severity: .warning)
            var kept = Substring(text.value)
            while kept.utf8.count > messageLimit { kept = kept.dropLast() }
            text.value = String(kept)
        }
        return text
    }

    private static func tags(_ cursor: NodeCursor) -> [Located<String>] {
        guard let child = cursor.optional("tags") else { return [] }
        let tags = child.texts()
        if tags.count > 16 { child.report("\(tags.count) tags; at most 16 are allowed") }
        for (element, tag) in zip(child.each(), tags) where !(2...128).contains(tag.value.utf8.count) {
            element.report("a tag has 2 to 128 characters")
        }
        return tags
    }

    private static func readIgnore(
        _ cursor: NodeCursor, _ section: HookSpec.Section, into hook: inout HookSpec
    ) {
        guard let ignore = cursor.optional("ignore") else { return }
        if section == .uprobes {
            ignore.rejectUnknownKeys(known: ["digestVerificationFailure"])
            hook.ignoresDigestMismatch = ignore.flag("digestVerificationFailure")
        } else {
            ignore.rejectUnknownKeys(known: ["callNotFound"])
            hook.ignoresCallNotFound = ignore.flag("callNotFound")
        }
    }
}

/// Elements of `args` and `data`, and `returnArg`.
enum ArgumentReader {
    enum Role { case argument, data, returnValue }

    private static let keys = [
        "index", "type", "resolve", "sizeArgIndex", "returnCopy", "maxData", "label", "source", "btfType",
        "btfTypeModule",
    ]

    static func read(_ cursor: NodeCursor, _ role: Role) -> ArgumentSpec {
        cursor.rejectUnknownKeys(known: keys)
        var argument = ArgumentSpec(place: cursor.place)
        if let index = cursor.position("index") {
            argument.index = index
        } else {
            argument.index.place = cursor.place
            if role == .argument, cursor.optional("index") == nil { _ = cursor.required("index") }
        }
        argument.type.place = cursor.place
        if let child = cursor.optional("type"), let text = child.string() {
            if let type = ArgumentType(name: text) {
                argument.type = Located(type, at: child.place)
            } else {
                child.report(
                    "unknown type \"\(text)\"",
                    hint: Spelling.suggestion(for: text, among: ArgumentType.names)
                        ?? "known: " + ArgumentType.names.joined(separator: ", "))
                argument.type = Located(.nop, at: child.place)
            }
        }
        argument.resolve = cursor.text("resolve")
        argument.sizeArgumentIndex = cursor.position("sizeArgIndex")
        argument.returnCopy = cursor.flag("returnCopy")
        argument.maxData = cursor.flag("maxData")
        argument.label = cursor.text("label")
        argument.source = cursor.choice("source", ArgumentSpec.Source.self)
        argument.btfType = cursor.text("btfType")
        argument.btfTypeModule = cursor.text("btfTypeModule")
        if role != .data, let source = argument.source {
            cursor.optional("source")?.report(
                "source \(source.value.rawValue) belongs under data",
                hint: "move this element from args to data")
        }
        return argument
    }
}
