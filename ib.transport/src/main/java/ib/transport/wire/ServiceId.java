// SPDX-License-Identifier: Apache-2.0
package ib.transport.wire;

/**
 * Service ids of the connection manager; those of the RDMA CM hold a port space and a port (annex
 * A11.3).
 *
 * <p>{@code 0x0000_0000_01PP_pppp}: PP the IP protocol number, pppp the port.
 */
public final class ServiceId {
  /** Port space of connected services: {@code rdma_cm}'s TCP. */
  public static final int TCP = 0x06;

  /** Port space of datagram services: {@code rdma_cm}'s UDP. */
  public static final int UDP = 0x11;

  /** Port space of {@code rdma_cm}'s native IB services. */
  public static final int IB = 0x3F;

  private static final long PREFIX = 0x0100_0000L;
  private static final long PREFIX_MASK = 0xFFFF_FFFF_FF00_0000L;

  private ServiceId() {}

  /** The service id of a port. */
  public static long of(int portSpace, int port) {
    return PREFIX | (long) (portSpace & 0xFF) << 16 | (port & 0xFFFF);
  }

  /**
   * Whether a service id is of the RDMA CM: private data of its requests begin with a {@link
   * RdmaCmHeader}.
   */
  public static boolean isRdmaCm(long serviceId) {
    return (serviceId & PREFIX_MASK) == PREFIX;
  }

  /** The port space of an RDMA CM service id. */
  public static int portSpace(long serviceId) {
    return (int) (serviceId >>> 16) & 0xFF;
  }

  /** The port of an RDMA CM service id. */
  public static int port(long serviceId) {
    return (int) serviceId & 0xFFFF;
  }

  /** The id in hexadecimal, and for the RDMA CM its port space and port. */
  public static String describe(long serviceId) {
    String hex = String.format("%016x", serviceId);
    if (!isRdmaCm(serviceId)) {
      return hex;
    }
    String space =
        switch (portSpace(serviceId)) {
          case TCP -> "TCP";
          case UDP -> "UDP";
          case IB -> "IB";
          default -> String.format("space 0x%02x", portSpace(serviceId));
        };
    return hex + " (" + space + " port " + port(serviceId) + ")";
  }
}
