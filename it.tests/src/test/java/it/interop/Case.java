// SPDX-License-Identifier: Apache-2.0
package it.interop;

/**
 * One thing to try.
 *
 * @param role of the host: what it is to the guest
 * @param operation what is done
 * @param size of the messages, for the report
 * @param mtuBytes path MTU
 * @param faults as a port's configuration has them, or empty
 * @param host what the host is configured as
 * @param quick whether the build runs it
 * @param ipv6 whether the addresses are those of IPv6
 * @param body does it; throws if it fails
 */
record Case(
    String role,
    String operation,
    String size,
    int mtuBytes,
    String faults,
    Host host,
    boolean quick,
    boolean ipv6,
    Body body) {
  /** The operation whose packets Linux makes wrong. */
  static final String FLUSH = "FLUSH to global visibility";

  /** What the host is configured as. */
  enum Host {
    /** A device of mthca and nothing else, as in all others but the next. */
    PLAIN,
    /** A device of ehca and nothing else. */
    EHCA,
    INITIATOR,
    TARGET
  }

  /** Does it. */
  interface Body {
    /** What there is to say of it, in a few words. */
    String run(Bench bench) throws InteropException;
  }

  String name() {
    String text = role + " " + operation + " " + size + " mtu " + mtuBytes;
    return faults.isEmpty() ? text : text + " " + faults;
  }

  static Case of(String role, String operation, String size, int mtuBytes, Body body) {
    return new Case(role, operation, size, mtuBytes, "", Host.PLAIN, false, false, body);
  }

  Case with(Host other) {
    return new Case(role, operation, size, mtuBytes, faults, other, quick, ipv6, body);
  }

  Case under(String someFaults) {
    return new Case(role, operation, size, mtuBytes, someFaults, host, quick, ipv6, body);
  }

  Case alsoInTheBuild() {
    return new Case(role, operation, size, mtuBytes, faults, host, true, ipv6, body);
  }

  Case overIpv6() {
    return new Case(
        role, operation + " over IPv6", size, mtuBytes, faults, host, quick, true, body);
  }

  /**
   * Whether packets are damaged, on purpose or by a kernel ({@link OpsCases}): what is captured
   * then need not be right.
   */
  boolean damages() {
    return faults.contains("corrupt") || operation.equals(FLUSH);
  }
}
