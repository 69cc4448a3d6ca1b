// SPDX-License-Identifier: Apache-2.0
/**
 * UDP datagrams in batches. Nothing here knows what is in them.
 *
 * <p>On Linux whole runs of equal-size datagrams cross into the kernel and out of it as one ({@code
 * UDP_SEGMENT}, {@code UDP_GRO}); elsewhere, or when asked, a {@link
 * java.nio.channels.DatagramChannel} does the same one by one.
 */
@NullMarked
package ib.transport.internal.io;

import org.jspecify.annotations.NullMarked;
