import JSONTree
package import KubernetesObjects

/// A page of a list. Objects are read one by one: the tree of the whole page would be many times as large.
package struct ListPage<Object: KubernetesObject>: Sendable {
    /// Those that could be read.
    package private(set) var objects: [Object] = []
    /// Those that could not be.
    package private(set) var unreadable: [ObjectError] = []
    /// Where a watch goes on from.
    package private(set) var version = ""
    /// What the next page is asked with; empty = this is the last.
    package private(set) var next = ""
    /// Whether it says at all what is in it.
    private var hasItems = false

    /// - Parameter isVersioned: whether a watch goes on from it: the kubelet has none, and its lists no version.
    /// - Throws: `APIFailure.unreadable` where the text is no list.
    package init(_ bytes: [UInt8], isVersioned: Bool = true) throws(APIFailure) {
        do throws(JSONError) {
            try read(bytes.span)
        } catch {
            throw .unreadable("a list that is no JSON: \(error)")
        }
        guard isVersioned ? !version.isEmpty : hasItems else {
            throw .unreadable("a list without \(isVersioned ? "metadata.resourceVersion" : "items")")
        }
    }

    private mutating func read(_ text: Span<UInt8>) throws(JSONError) {
        var at = 0
        var objects: [Object] = []
        var unreadable: [ObjectError] = []
        var metadata = JSONValue.null
        var hasItems = false
        JSONScanner.skipSpace(text, &at)
        try JSONScanner.members(text, &at) { (key, at: inout Int) throws(JSONError) in
            let isItems = JSONScanner.equals(text, key, "items")
            if isItems { hasItems = true }
            // Go writes null for an empty list.
            if isItems, at < text.count, text[at] == UInt8(ascii: "[") {
                try JSONScanner.elements(text, &at) { (at: inout Int) throws(JSONError) in
                    let reader = ObjectReader(try JSONScanner.value(text, &at))
                    do throws(ObjectError) {
                        objects.append(try Object(reader))
                    } catch {
                        unreadable.append(error)
                    }
                }
            } else if JSONScanner.equals(text, key, "metadata") {
                metadata = try JSONScanner.value(text, &at)
            } else {
                try JSONScanner.skip(text, &at)
            }
        }
        JSONScanner.skipSpace(text, &at)
        guard at == text.count else { throw JSONError(offset: at, reason: "text behind the end") }
        self.objects = objects
        self.unreadable = unreadable
        version = metadata["resourceVersion"].text ?? ""
        next = metadata["continue"].text ?? ""
        self.hasItems = hasItems
    }
}
