// SPDX-License-Identifier: Apache-2.0
/** Container tests that need a JVM of their own: its flags, its exit, or what it must survive. */
package it.forked;
