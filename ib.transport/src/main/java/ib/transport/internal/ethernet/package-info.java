// SPDX-License-Identifier: Apache-2.0
/**
 * RoCEv2 in whole Ethernet frames, carried by a socket of QEMU: frames, ARP and neighbour
 * discovery, links, and faults on purpose. No privileges are needed.
 */
@NullMarked
package ib.transport.internal.ethernet;

import org.jspecify.annotations.NullMarked;
