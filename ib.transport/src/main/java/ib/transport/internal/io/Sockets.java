// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Constants and structures of Linux sockets on 64-bit systems: bits/socket.h, linux/in.h,
 * linux/in6.h, linux/udp.h.
 */
final class Sockets {
  static final int AF_INET = 2;
  static final int AF_INET6 = 10;
  static final int SOCK_DGRAM = 2;
  static final int SOCK_NONBLOCK = 0x800;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int MSG_TRUNC = 0x20;
  static final int MSG_DONTWAIT = 0x40;
  static final int MSG_NOSIGNAL = 0x4000;

  static final int SOL_SOCKET = 1;
  static final int SO_REUSEADDR = 2;
  static final int SO_SNDBUF = 7;
  static final int SO_RCVBUF = 8;

  static final int IPPROTO_IP = 0;
  static final int IP_TOS = 1;
  static final int IP_MTU_DISCOVER = 10;
  static final int IP_RECVTOS = 13;
  static final int IP_MULTICAST_IF = 32;
  static final int IP_ADD_MEMBERSHIP = 35;
  static final int IP_MULTICAST_ALL = 49;

  static final int IPPROTO_IPV6 = 41;
  static final int IPV6_MULTICAST_IF = 17;
  static final int IPV6_ADD_MEMBERSHIP = 20;
  static final int IPV6_MTU_DISCOVER = 23;
  static final int IPV6_V6ONLY = 26;
  static final int IPV6_MULTICAST_ALL = 29;
  static final int IPV6_DONTFRAG = 62;
  static final int IPV6_RECVTCLASS = 66;
  static final int IPV6_TCLASS = 67;

  /** Never fragment; the same number for both families. */
  static final int PMTUDISC_DO = 2;

  static final int SOL_UDP = 17;
  static final int UDP_NO_CHECK6_RX = 102;
  static final int UDP_SEGMENT = 103;
  static final int UDP_GRO = 104;

  // struct iovec: void *base, size_t length
  static final int IOVEC_BYTES = 16;

  // struct mmsghdr: struct msghdr, unsigned length
  static final int MMSGHDR_BYTES = 64;
  static final int MSG_NAME = 0;
  static final int MSG_NAMELEN = 8;
  static final int MSG_IOV = 16;
  static final int MSG_IOVLEN = 24;
  static final int MSG_CONTROL = 32;
  static final int MSG_CONTROLLEN = 40;
  static final int MSG_FLAGS = 48;
  static final int MSG_LEN = 56;

  // struct cmsghdr: size_t length, int level, int type
  static final int CMSGHDR_BYTES = 16;
  static final int CMSG_LEVEL = 8;
  static final int CMSG_TYPE = 12;

  // struct sockaddr_in and sockaddr_in6: family, port, then as named
  static final int SOCKADDR_IN_BYTES = 16;
  static final int SOCKADDR_IN6_BYTES = 28;
  static final int SIN_PORT = 2;
  static final int SIN_ADDR = 4;
  static final int SIN6_FLOWINFO = 4;
  static final int SIN6_ADDR = 8;
  static final int SIN6_SCOPE_ID = 24;

  /** Distance of sockaddrs in our arrays. */
  static final int NAME_STRIDE = 32;

  static final ValueLayout.OfShort BE_SHORT =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN);
  static final ValueLayout.OfInt BE_INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.BIG_ENDIAN);
  static final ValueLayout.OfLong BE_LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN);

  private Sockets() {}

  /** Writes a sockaddr; gives its length. */
  static int writeName(
      MemorySegment at, long offset, boolean ipv6, long high, long low, int port, int scopeId) {
    at.set(ValueLayout.JAVA_SHORT, offset, (short) (ipv6 ? AF_INET6 : AF_INET));
    at.set(BE_SHORT, offset + SIN_PORT, (short) port);
    if (!ipv6) {
      at.set(BE_INT, offset + SIN_ADDR, (int) low);
      at.set(ValueLayout.JAVA_LONG, offset + SIN_ADDR + 4, 0);
      return SOCKADDR_IN_BYTES;
    }
    at.set(ValueLayout.JAVA_INT, offset + SIN6_FLOWINFO, 0);
    at.set(BE_LONG, offset + SIN6_ADDR, high);
    at.set(BE_LONG, offset + SIN6_ADDR + 8, low);
    at.set(ValueLayout.JAVA_INT, offset + SIN6_SCOPE_ID, scopeId);
    return SOCKADDR_IN6_BYTES;
  }
}
