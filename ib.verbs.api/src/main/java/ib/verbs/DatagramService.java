// SPDX-License-Identifier: Apache-2.0
package ib.verbs;

import java.net.InetAddress;

/**
 * Where the datagrams of a service go, as its SIDR_REP told.
 *
 * @param address IP address of the port
 * @param qpn UD queue pair, 24 bits
 * @param qkey Q_Key of that queue pair
 */
public record DatagramService(InetAddress address, int qpn, int qkey) {}
