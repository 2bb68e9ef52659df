/** Begins a session with e-mail address and password. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export interface SignInInput {
  email: string;
  password: string;
  rememberMe: boolean;
}

export function useSignIn() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (input: SignInInput) => client.session.signIn(input),
    // Whatever an earlier person of this browser has loaded is none of this one's business.
    onSuccess: () => queryClient.clear(),
  });
}

/** The second step of a sign-in, where the password was not all. */
export function useSecondStep() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (proof: { code: string } | { recoveryCode: string }) => client.session.secondStep(proof),
    onSuccess: () => queryClient.clear(),
  });
}
