/// The release that all programs of the suite carry.
public enum Release {
    /// Semantic version; `--version`, `stream_start`, the status and the API show it.
    public static let version = "0.1.0"
}
