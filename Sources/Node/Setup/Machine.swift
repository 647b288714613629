internal import Glibc
public import Model

/// What this machine has.
public enum Machine {
  /// Cores that this process may use, and the machine's memory.
  public static func amounts() -> Amounts {
    let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let pages = max(0, sysconf(Int32(_SC_PHYS_PAGES)))
    let pageBytes = max(0, sysconf(Int32(_SC_PAGESIZE)))
    return Amounts(cpuMillicores: cores * 1_000, memoryBytes: pages * pageBytes)
  }

  /// The user's name at login, for the owner of a node that is given none.
  public static func userName() -> String? {
    for name in ["USER", "LOGNAME"] {
      if let value = getenv(name) {
        let text = String(cString: value)
        if NodeName.allows(text) { return text }
      }
    }
    return nil
  }
}
