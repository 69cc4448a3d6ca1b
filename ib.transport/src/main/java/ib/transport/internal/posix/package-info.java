// SPDX-License-Identifier: Apache-2.0
/**
 * The few system calls of 64-bit Linux that the JDK does not offer, through {@code
 * java.lang.foreign}.
 */
@NullMarked
package ib.transport.internal.posix;

import org.jspecify.annotations.NullMarked;
