// SPDX-License-Identifier: Apache-2.0
package ib.cm.internal;

import ib.verbs.ConnectParams;
import java.net.InetSocketAddress;

/**
 * What a REQ is made from.
 *
 * @param qpn of our queue pair
 * @param destination address and RDMA-CM port of the peer
 * @param serviceId the service asked for
 * @param params what we propose
 */
record ConnectSpec(int qpn, InetSocketAddress destination, long serviceId, ConnectParams params) {}
