// SPDX-License-Identifier: Apache-2.0
/** Counters that are named by an enumeration. */
@NullMarked
package ib.transport.internal.counters;

import org.jspecify.annotations.NullMarked;
