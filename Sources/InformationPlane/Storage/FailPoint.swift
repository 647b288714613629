#if FAIL_POINTS
  internal import Glibc
  internal import Synchronization
#endif

/// Boundaries at which test builds can die or fail; nothing in other builds.
///
/// `JOINTCLOUD_FAIL_POINT=NAME:COUNT` ends the process by SIGKILL at the COUNT-th pass of NAME (from 1), and
/// `NAME:COUNT:ENOSPC` or `NAME:COUNT:EIO` makes that pass and all later ones fail as the device would. With
/// `JOINTCLOUD_FAIL_POINT_FILE=PATH` passes count only once that file is there.
public enum FailPoint {
  /// The names, in the order in which a write passes them.
  public static let names = ["before-commit", "after-commit", "before-objects-rename", "after-objects-rename"]

  #if FAIL_POINTS
    private struct Plan: Sendable {
      let name: String
      let count: Int
      let failure: String?
    }

    private static let plan: Plan? = {
      guard let text = getenv("JOINTCLOUD_FAIL_POINT").map({ String(cString: $0) }) else { return nil }
      let parts = text.split(separator: ":").map(String.init)
      guard parts.count >= 2, let count = Int(parts[1]) else { return nil }
      return Plan(name: parts[0], count: count, failure: parts.count > 2 ? parts[2] : nil)
    }()
    private static let passes = Mutex(0)

    /// - Throws: `StorageError.diskFull` or `.inputOutput` when told to.
    public static func reach(_ name: StaticString, path: String) throws(StorageError) {
      guard let plan, plan.name == name.description else { return }
      if let file = getenv("JOINTCLOUD_FAIL_POINT_FILE"), access(file, F_OK) != 0 { return }
      let pass = passes.withLock { count in
        count += 1
        return count
      }
      guard pass >= plan.count else { return }
      switch plan.failure {
      case "ENOSPC": throw .diskFull(path: path, detail: "fail point \(name)")
      case "EIO": throw .inputOutput(path: path, detail: "fail point \(name)")
      default: kill(getpid(), SIGKILL)
      }
    }
  #else
    @inline(__always)
    public static func reach(_ name: StaticString, path: String) throws(StorageError) {}
  #endif
}
