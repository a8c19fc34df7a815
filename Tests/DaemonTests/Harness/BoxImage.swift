import Foundation

/// An image with busybox and nothing else, built here: nothing is pulled.
enum BoxImage {
    static let busybox = "/bin/busybox"
    static let name = "localhost/secdbox:1"

    /// Makes its only layer, `layer.tar`.
    static func layer(in folder: Folder) throws -> String {
        try Run.shell(
            """
            cd \(folder.path) && mkdir -p box/bin box/proc box/dev box/etc box/tmp && cp \(busybox) box/bin/ &&
            ln -sf busybox box/bin/sh && echo secret > box/secret && tar -C box -cf layer.tar .
            """)
        return folder / "layer.tar"
    }

    /// The image as `docker save` writes it.
    static func archive(in folder: Folder) throws -> String {
        let layer = try layer(in: folder)
        let digest = try Run.shell("sha256sum \(layer)").output.prefix { $0 != " " }
        _ = try folder.write(
            "config.json",
            """
            {"architecture":"\(architecture)","os":"linux","config":{"Cmd":["/bin/busybox","sleep","60"],
            "Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:\(digest)"]}}
            """)
        _ = try folder.write(
            "manifest.json",
            #"[{"Config":"config.json","RepoTags":["\#(name)"],"Layers":["layer.tar"]}]"#)
        try Run.shell("cd \(folder.path) && tar -cf image.tar manifest.json config.json layer.tar")
        return folder / "image.tar"
    }

    /// As images call it.
    private static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }
}
